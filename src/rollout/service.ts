import PQueue from "p-queue";
import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import { normaliseRolloutId, type IdSource } from "../core/ids.ts";
import type { Logger } from "../core/log.ts";
import { environment as environmentSchema, type Environment, type EnvironmentInput } from "../model/environment.ts";
import type { CreateRolloutRequest, Rollout } from "../model/rollout.ts";
import type { ToolCallRequest, ToolCallResult } from "../model/tool-call.ts";
import type { RolloutEvent, Trajectory } from "../model/trajectory.ts";
import { verdictOfFailure } from "../grader/grade-rollout.ts";
import type { Graders } from "../grader/registry.ts";
import type { GradeRequest, Verdict } from "../model/verdict.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import { SingleFlight } from "../snapshot/single-flight.ts";
import type { Store, StoredEnvironment } from "../store/store.ts";
import type { ToolRegistry } from "../tool/registry.ts";
import { executeCall, replayed, type ToolCall } from "./call.ts";
import { checkEnvironment, parseEnvironment } from "./check-environment.ts";
import { endTurn } from "./end-turn.ts";
import { EventHub } from "./event-hub.ts";
import { gradeChangeSet } from "./grade.ts";
import { LiveRollout } from "./live-rollout.ts";
import { prepareSandbox } from "./prepare.ts";
import type { RolloutQuery, RolloutService } from "./rollout-service.ts";

export interface RolloutServiceOptions {
  readonly store: Store;
  readonly launcher: SandboxLauncher;
  readonly builder: SnapshotBuilder;
  readonly registry: ToolRegistry;
  readonly graders: Graders;
  readonly profiles: Profiles;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly limits: {
    /** Sandboxes started at the same time. */
    readonly preparing: number;
    /** Rollouts that hold a sandbox or wait for one; more are refused with `overloaded`. */
    readonly live: number;
    /** One tool call, whatever its tool allows. */
    readonly toolCallMs: number;
  };
}

/** How long a tool call waits for its sandbox, a snapshot's build included. */
const READY_DEADLINE_MS = 540_000;

const TERMINAL: readonly Rollout["status"][] = ["closed", "failed", "expired"];

/** The rollouts of this controller. Everything that must last is in the store before anyone is told of it. */
export class Rollouts implements RolloutService {
  readonly #o: RolloutServiceOptions;
  readonly #live = new Map<string, LiveRollout>();
  readonly #events: EventHub;
  readonly #preparing: PQueue;
  readonly #grading = new SingleFlight<Verdict>();
  readonly #closing = new SingleFlight<Rollout>();
  #draining = false;

  constructor(options: RolloutServiceOptions) {
    this.#o = options;
    this.#events = new EventHub(() => options.clock.now());
    this.#preparing = new PQueue({ concurrency: options.limits.preparing });
  }

  /** After a restart: re-attaches what runs, goes on with what waited, ends what was lost, removes what nobody owns. */
  async resume(): Promise<void> {
    const { store, launcher, log } = this.#o;
    const interrupted = await store.markInterruptedCalls();
    const handles = new Map((await launcher.list()).map((handle) => [handle.labels.purpose, handle]));
    const keep = new Set<string>();
    for (const rollout of await store.rollouts({ limit: 1_000_000, status: ["queued", "preparing", "active", "grading"] })) {
      const live = new LiveRollout(rollout, await this.#storedEnvironment(rollout.rollout_id));
      if (rollout.status === "grading" && (await store.changeSet(rollout.rollout_id))) continue;
      this.#live.set(live.id, live);
      const handle = handles.get(live.id);
      if (rollout.status === "queued" || rollout.status === "preparing") this.#startPreparing(live);
      else if (!handle) await this.#fail(live, new BerthError("sandbox_lost", "The sandbox did not survive the controller's restart."));
      else {
        const attached = await launcher.attach(handle).catch((error: unknown) => this.#fail(live, toBerthError(error, "sandbox_lost")));
        if (!attached) continue;
        keep.add(handle.id);
        live.becomeActive(attached);
        this.#armBudget(live);
      }
    }
    const removed = await launcher.reap(keep);
    log.info({ attached: keep.size, removed: removed.length, interrupted_calls: interrupted }, "resumed");
  }

  async create(request: CreateRolloutRequest): Promise<{ rollout: Rollout; created: boolean }> {
    const { store, ids, clock, launcher } = this.#o;
    this.#assertOpen();
    const id = request.rollout_id === undefined ? ids.uuid() : normaliseRolloutId(request.rollout_id);
    if (id === undefined) throw new BerthError("invalid_request", `rollout_id: ${request.rollout_id} is not a UUID, bare or prefixed.`);
    const stored = await this.#environmentOf(request.environment);
    checkEnvironment(stored.environment, this.#o.profiles, this.#o.registry);
    if (!this.#live.has(id) && this.#live.size >= this.#o.limits.live && !(await store.rollout(id))) {
      throw new BerthError("overloaded", `The controller holds ${this.#live.size} rollouts, as many as it may.`);
    }
    const { rollout, created } = await store.createRollout({
      id,
      environment: stored,
      group: request.group ?? null,
      labels: request.labels ?? {},
      provider: launcher.provider.name,
      createdAt: new Date(clock.now()).toISOString(),
    });
    if (!created) {
      const earlier = await this.#storedEnvironment(id);
      if (JSON.stringify(earlier.environment) !== JSON.stringify(stored.environment)) {
        throw new BerthError("rollout_conflict", `The rollout ${id} was created from another environment.`);
      }
      return { rollout, created };
    }
    const live = new LiveRollout(rollout, stored);
    this.#live.set(id, live);
    this.#startPreparing(live);
    return { rollout, created };
  }

  async waitUntilSettled(rolloutId: string, timeoutMs: number): Promise<Rollout> {
    const live = this.#live.get(this.#id(rolloutId));
    if (live) await withDeadline("the rollout", timeoutMs, () => live.ready).catch(() => undefined);
    return this.get(rolloutId);
  }

  async get(rolloutId: string): Promise<Rollout> {
    const found = await this.#o.store.rollout(this.#id(rolloutId));
    if (!found) throw new BerthError("unknown_rollout", `There is no rollout ${rolloutId}.`);
    return found;
  }

  list(query: RolloutQuery): Promise<Rollout[]> {
    return this.#o.store.rollouts(query);
  }

  async trajectory(rolloutId: string): Promise<Trajectory> {
    const { rollout_id } = await this.get(rolloutId);
    return { rollout_id, records: await this.#o.store.trajectory(rollout_id) };
  }

  async *events(rolloutId: string, signal: AbortSignal): AsyncIterable<RolloutEvent> {
    const upcoming = this.#events.listen(this.#id(rolloutId), signal);
    const rollout = await this.get(rolloutId);
    yield { type: "status", at: new Date(this.#o.clock.now()).toISOString(), status: rollout.status };
    if (this.#live.has(rollout.rollout_id) || !TERMINAL.includes(rollout.status)) yield* upcoming;
  }

  async callTool(rolloutId: string, tool: string, request: ToolCallRequest): Promise<ToolCallResult> {
    const id = this.#id(rolloutId);
    const call: ToolCall = { callId: request.call_id ?? `call_${this.#o.ids.hex(12)}`, tool, arguments: request.arguments };
    const live = this.#live.get(id);
    if (!live) return this.#callOfEnded(id, call);

    const args = JSON.stringify(call.arguments);
    const running = live.running.get(call.callId);
    if (running) {
      if (running.tool !== tool || running.arguments !== args) {
        throw new BerthError("call_conflict", `The call id ${call.callId} is in use for another call of this rollout.`);
      }
      return { ...(await running.result), replayed: true };
    }
    const result = this.#runCall(live, call).finally(() => live.running.delete(call.callId));
    live.running.set(call.callId, { tool, arguments: args, result });
    return result;
  }

  async grade(rolloutId: string, request: GradeRequest): Promise<Verdict> {
    const rollout = await this.get(rolloutId);
    if (rollout.verdict) return rollout.verdict;
    return this.#grading.run(rollout.rollout_id, () => this.#grade(rollout.rollout_id, request));
  }

  async close(rolloutId: string): Promise<Rollout> {
    const { rollout_id } = await this.get(rolloutId);
    return this.#closing.run(rollout_id, async () => {
      const { launcher } = this.#o;
      const live = this.#live.get(rollout_id);
      if (live) {
        live.end(new BerthError("rollout_closed", "The rollout was closed."));
        await live.preparation;
        await live.lane.idle();
        await live.sandbox?.[Symbol.asyncDispose]();
      }
      for (const handle of await launcher.list()) if (handle.labels.purpose === rollout_id) await launcher.destroy(handle);
      const { status } = await this.get(rollout_id);
      if (!TERMINAL.includes(status)) await this.#end(rollout_id, "closed");
      this.#live.delete(rollout_id);
      return this.get(rollout_id);
    });
  }

  async registerEnvironment(input: EnvironmentInput, baseDir: string | null): Promise<Environment> {
    const environment = parseEnvironment(input);
    checkEnvironment(environment, this.#o.profiles, this.#o.registry);
    await this.#o.store.registerEnvironment({ environment, baseDir });
    return environment;
  }

  async environments(): Promise<Environment[]> {
    return (await this.#o.store.environments()).map(({ environment }) => environment);
  }

  async buildEnvironment(name: string, onProgress: (message: string) => void) {
    const began = this.#o.clock.monotonic();
    const { environment } = await this.#environmentOf(name);
    checkEnvironment(environment, this.#o.profiles, this.#o.registry);
    const { key, built } = await this.#o.builder.ensure(environment, { onProgress });
    return { snapshot: key, built, durationMs: this.#o.clock.monotonic() - began };
  }

  async removeSnapshot(environmentName: string): Promise<boolean> {
    const { environment } = await this.#environmentOf(environmentName);
    return this.#o.builder.remove(environment);
  }

  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const work = [...this.#live.values()].map((live) => live.lane.idle());
    await withDeadline("draining", graceMs, () => Promise.all(work)).catch(() => undefined);
    for (const live of this.#live.values()) {
      for (const timer of live.timers) clearTimeout(timer);
      await live.sandbox?.guest.close();
    }
  }

  // ── preparing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #startPreparing(live: LiveRollout): void {
    live.preparation = this.#preparing.add(() => this.#prepare(live)).then(() => undefined);
  }

  async #prepare(live: LiveRollout): Promise<void> {
    const { store, builder, launcher, profiles, clock } = this.#o;
    const { environment } = live.stored;
    if (live.turn.signal.aborted) return;
    try {
      await this.#status(live.id, { status: "preparing" });
      const sandbox = await prepareSandbox(
        live.id,
        environment,
        { builder, launcher, profile: profileNamed(profiles, environment.profile) },
        {
          signal: live.turn.signal,
          onProgress: (message) => this.#events.publish(live.id, { type: "progress", phase: "preparing", message }),
          onSnapshot: async (snapshot) => {
            live.snapshot = snapshot;
            await store.updateRollout(live.id, { snapshot });
          },
        },
      );
      live.sandbox = sandbox;
      live.turn.signal.throwIfAborted();
      await this.#status(live.id, { status: "active", active_at: new Date(clock.now()).toISOString() });
      live.becomeActive(sandbox);
      this.#armBudget(live);
    } catch (error) {
      await live.sandbox?.[Symbol.asyncDispose]();
      if (!live.turn.signal.aborted) await this.#fail(live, toBerthError(error));
    }
  }

  #armBudget(live: LiveRollout): void {
    const { wall_seconds } = live.stored.environment.budget;
    const expire = () => {
      void this.#expire(live, `The rollout's ${wall_seconds} seconds are over.`);
    };
    live.timers = [setTimeout(expire, wall_seconds * 1000).unref()];
    this.#touch(live);
  }

  /** Starts the idle time anew; a call that runs is not idle. */
  #touch(live: LiveRollout): void {
    const { idle_seconds } = live.stored.environment.budget;
    const [wall, idle] = live.timers;
    if (wall === undefined) return;
    clearTimeout(idle);
    const expire = () => {
      if (live.running.size > 0) return this.#touch(live);
      void this.#expire(live, `No call came for ${idle_seconds} seconds.`);
    };
    live.timers = [wall, setTimeout(expire, idle_seconds * 1000).unref()];
  }

  /** The change set is kept, so that an expired rollout can still be graded. */
  async #expire(live: LiveRollout, message: string): Promise<void> {
    const reason = new BerthError("budget_exhausted", message);
    try {
      await endTurn(live, reason, this.#o);
      await this.#end(live.id, "expired", reason);
      this.#live.delete(live.id);
    } catch (error) {
      await this.#fail(live, toBerthError(error));
    }
  }

  // ── calling ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #runCall(live: LiveRollout, call: ToolCall): Promise<ToolCallResult> {
    const { store, registry, clock, limits } = this.#o;
    const sandbox = await withDeadline("preparing the sandbox", READY_DEADLINE_MS, () => live.ready);
    this.#events.publish(live.id, { type: "tool_call", call_id: call.callId, tool: call.tool, state: "running", duration_ms: null });
    try {
      const result = await executeCall(live, sandbox, call, { store, registry, clock, deadlineMs: limits.toolCallMs });
      await this.#noteFirstResult(live);
      this.#events.publish(live.id, {
        type: "tool_call",
        call_id: call.callId,
        tool: call.tool,
        state: "done",
        duration_ms: result.duration_ms,
      });
      return result;
    } catch (error) {
      throw await this.#afterFailedCall(live, toBerthError(error));
    } finally {
      this.#touch(live);
    }
  }

  async #noteFirstResult(live: LiveRollout): Promise<void> {
    if (live.hasFirstResult) return;
    live.hasFirstResult = true;
    await this.#o.store.updateRollout(live.id, { first_result_at: new Date(this.#o.clock.now()).toISOString() });
  }

  /** A guest that is gone ends the rollout, with a cause: lack of memory is the policy's doing, anything else is ours. */
  async #afterFailedCall(live: LiveRollout, error: BerthError): Promise<BerthError> {
    if (live.turn.signal.aborted || !["sandbox_lost", "guest_protocol", "outcome_unknown"].includes(error.code) || !live.sandbox) return error;
    const state = await this.#o.launcher.provider.inspect(live.sandbox.handle);
    if (state.status === "running" && error.code === "outcome_unknown") return error;
    const oom = state.status === "exited" && state.oom;
    const reason = oom
      ? new BerthError("sandbox_oom", "The sandbox died for lack of memory.", { cause: error })
      : new BerthError("sandbox_lost", `The sandbox is ${state.status}: ${error.message}`, { cause: error });
    await this.#fail(live, reason);
    return reason;
  }

  /** A call to a rollout that has ended: what was stored, or why it ended. */
  async #callOfEnded(id: string, call: ToolCall): Promise<ToolCallResult> {
    const rollout = await this.get(id);
    const record = (await this.#o.store.trajectory(id)).find((candidate) => candidate.call_id === call.callId);
    if (record) return replayed(call, record);
    if (rollout.error) throw new BerthError(rollout.error.code, rollout.error.message, { remedy: rollout.error.remedy });
    throw new BerthError("rollout_closed", `The rollout ${id} is ${rollout.status}.`);
  }

  // ── grading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #grade(id: string, request: GradeRequest): Promise<Verdict> {
    const { store, clock, profiles, launcher } = this.#o;
    const began = clock.monotonic();
    const live = this.#live.get(id);
    const stored = await this.#storedEnvironment(id);
    let verdict: Verdict;
    try {
      if (stored.environment.graders.length === 0) {
        throw new BerthError("invalid_environment", `The environment ${stored.environment.name} has no graders.`);
      }
      const changeSet = live ? await this.#endTurnForGrading(live) : await this.#changeSetOfEnded(id);
      verdict = await gradeChangeSet({
        rolloutId: id,
        stored,
        changeSet,
        answer: request.answer,
        graders: this.#o.graders,
        profile: profileNamed(profiles, stored.environment.profile),
        launcher,
        signal: AbortSignal.timeout(gradingDeadlineMs(stored.environment)),
        onProgress: (message) => this.#events.publish(id, { type: "progress", phase: "grading", message }),
      });
    } catch (error) {
      const failure = toBerthError(error);
      if (failure.causedBy === "caller") throw failure;
      verdict = verdictOfFailure(failure, { durationMs: clock.monotonic() - began });
    }
    const kept = await store.saveVerdict(id, verdict);
    this.#events.publish(id, { type: "verdict", status: kept.status, reward: kept.reward });
    const { status } = await this.get(id);
    if (!TERMINAL.includes(status) || status === "expired") await this.#end(id, "closed");
    if (live) await live.sandbox?.[Symbol.asyncDispose]();
    this.#live.delete(id);
    return kept;
  }

  async #endTurnForGrading(live: LiveRollout): Promise<Awaited<ReturnType<typeof endTurn>>> {
    await withDeadline("preparing the sandbox", READY_DEADLINE_MS, () => live.ready);
    await this.#status(live.id, { status: "grading" });
    return endTurn(live, new BerthError("rollout_closed", "The rollout is being graded."), this.#o);
  }

  /** @throws BerthError why the rollout failed, or `rollout_closed` when it was closed ungraded */
  async #changeSetOfEnded(id: string) {
    const changeSet = await this.#o.store.changeSet(id);
    if (changeSet) return changeSet;
    const { error, status } = await this.get(id);
    if (error) throw new BerthError(error.code, error.message, { remedy: error.remedy });
    throw new BerthError("rollout_closed", `The rollout ${id} is ${status} and left nothing to grade.`);
  }

  // ── ending ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #fail(live: LiveRollout, error: BerthError): Promise<void> {
    this.#o.log.warn({ rollout: live.id, code: error.code, err: error }, "a rollout failed");
    live.end(error);
    await this.#end(live.id, "failed", error);
    await Promise.resolve(live.sandbox?.[Symbol.asyncDispose]()).catch(() => undefined);
    this.#live.delete(live.id);
  }

  async #end(id: string, status: "closed" | "failed" | "expired", error?: BerthError): Promise<void> {
    await this.#status(id, {
      status,
      ended_at: new Date(this.#o.clock.now()).toISOString(),
      ...(error ? { error: error.report() } : {}),
    });
    this.#events.end(id);
  }

  async #status(id: string, patch: Parameters<Store["updateRollout"]>[1] & { status: Rollout["status"] }): Promise<void> {
    await this.#o.store.updateRollout(id, patch);
    this.#events.publish(id, { type: "status", status: patch.status });
  }

  // ── looking up ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #id(text: string): string {
    const id = normaliseRolloutId(text);
    if (id === undefined) throw new BerthError("unknown_rollout", `${text} is not a rollout id.`);
    return id;
  }

  #assertOpen(): void {
    if (this.#draining) throw new BerthError("shutting_down", "The controller is shutting down.");
  }

  async #environmentOf(named: CreateRolloutRequest["environment"]): Promise<StoredEnvironment> {
    if (typeof named !== "string") return { environment: environmentSchema.parse(named), baseDir: null };
    const found = await this.#o.store.environment(named);
    if (!found) throw new BerthError("unknown_environment", `There is no environment ${named}.`);
    return found;
  }

  async #storedEnvironment(id: string): Promise<StoredEnvironment> {
    const stored = await this.#o.store.rolloutEnvironment(id);
    if (!stored) throw new BerthError("unknown_rollout", `There is no rollout ${id}.`);
    return stored;
  }
}

/** Every grader may start twice: each has its own time. */
const gradingDeadlineMs = (environment: Environment): number =>
  environment.graders.length * 2 * environment.budget.grading_seconds * 1000 + 120_000;
