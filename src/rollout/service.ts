import type { Claims } from "../controllers/claims.ts";
import type { Membership } from "../controllers/membership.ts";
import { crashPoint } from "../core/crash-point.ts";
import { withDeadline } from "../core/deadline.ts";
import type { Clock } from "../core/clock.ts";
import { BerthError } from "../core/errors.ts";
import { normaliseRolloutId, type IdSource } from "../core/ids.ts";
import { Later } from "../core/later.ts";
import type { Logger } from "../core/log.ts";
import type { Measures } from "../core/measures.ts";
import type { Dial } from "../egress/dialler.ts";
import type { Graders } from "../grader/registry.ts";
import type { Environment, EnvironmentInput } from "../model/environment.ts";
import { terminalStatuses, type CreateRolloutRequest, type Rollout } from "../model/rollout.ts";
import type { ToolCallRequest, ToolCallResult } from "../model/tool-call.ts";
import type { RolloutEvent, Trajectory } from "../model/trajectory.ts";
import type { GradeRequest, Verdict } from "../model/verdict.ts";
import type { Admission } from "../sandbox/admission/admission.ts";
import type { Pool } from "../sandbox/pool/pool.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { Profiles } from "../sandbox/profiles.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import { SingleFlight } from "../snapshot/single-flight.ts";
import type { RolloutQuery, Store, StoredEnvironment } from "../store/store.ts";
import type { ToolRegistry } from "../tool/registry.ts";
import { Calls } from "./calls.ts";
import { Caretaker } from "./caretaker.ts";
import { checkEnvironment, parseEnvironment } from "./check-environment.ts";
import { EventHub } from "./event-hub.ts";
import { Grading } from "./grading.ts";
import { KeepWarm } from "./keep-warm.ts";
import { LiveRollout } from "./live-rollout.ts";
import { LiveRollouts, rolloutIdOf } from "./live-rollouts.ts";
import { Preparation } from "./preparation.ts";
import { Takeover } from "./takeover.ts";
import type { RolloutService, Whereabouts } from "./rollout-service.ts";

export interface RolloutServiceOptions {
  /** Fenced by `claims`. */
  readonly store: Store;
  readonly membership: Membership;
  readonly claims: Claims;
  readonly launcher: SandboxLauncher;
  readonly admission: Admission;
  readonly pool: Pool;
  readonly builder: SnapshotBuilder;
  readonly registry: ToolRegistry;
  readonly graders: Graders;
  readonly profiles: Profiles;
  /** Connections of sandboxes whose profile has `network: egress`. */
  readonly dial: Dial;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly measures: Measures;
  readonly limits: {
    /** Rollouts that hold a sandbox or wait for one; more are refused with `overloaded`. */
    readonly live: number;
    /** One tool call, whatever its tool allows. */
    readonly toolCallMs: number;
  };
}

/** For calls that were told to end, sandboxes that are given up in the middle of their start, and the records of both. */
const CUT_OFF_MS = 10_000;

const LOOK_AGAIN_MS = 250;

/** Why a call ends with the controller. One that waits for its sandbox has not run. */
const cutOff = ({ sandbox }: LiveRollout): BerthError =>
  sandbox
    ? new BerthError("outcome_unknown", "The controller ended before the call did; it is not run again.")
    : new BerthError("shutting_down", "The controller is shutting down.");

/** The rollouts of this controller. Everything that must last is in the store before anyone is told of it. */
export class Rollouts implements RolloutService {
  readonly #options: RolloutServiceOptions;
  readonly #rollouts: LiveRollouts;
  readonly #events: EventHub;
  readonly #preparation: Preparation;
  readonly #calls: Calls;
  readonly #grading: Grading;
  readonly #warm: KeepWarm;
  readonly #takeover: Takeover;
  readonly #caretaker: Caretaker;
  readonly #closing = new SingleFlight<Rollout>();
  readonly #later: Later;
  /** Rollouts that were let in and are being written: in the store already, perhaps, and not yet among the live ones. */
  readonly #entering = new Map<string, Promise<void>>();
  #draining = false;

  constructor(options: RolloutServiceOptions) {
    const { clock, limits } = options;
    this.#options = options;
    const events = new EventHub(() => clock.now());
    this.#later = new Later(options);
    const rollouts = new LiveRollouts({ ...options, events, later: this.#later });
    const preparation = new Preparation({ ...options, rollouts, events });
    this.#events = events;
    this.#rollouts = rollouts;
    this.#preparation = preparation;
    this.#calls = new Calls({ ...options, rollouts, events, preparation, deadlineMs: limits.toolCallMs });
    this.#warm = new KeepWarm(options);
    this.#grading = new Grading({ ...options, rollouts, events });
    const { membership, claims } = options;
    const takeover = new Takeover({
      ...options,
      rollouts,
      preparation,
      grading: this.#grading,
      entering: this.#entering,
    });
    this.#takeover = takeover;
    this.#caretaker = new Caretaker({ ...options, rollouts, takeover, siblings: !membership.exclusive });
    claims.onLost((id) =>
      rollouts.drop(id, new BerthError("fenced", "Another controller has taken the rollout over.")),
    );
    membership.onLapse(() => this.#lapse());
  }

  /**
   * Takes over what nobody holds: re-attaches what runs, goes on with what waited, ends what was lost, removes what nobody owns; and does so time and
   * again from then on.
   */
  async resume(): Promise<void> {
    await this.#takeover.all();
    crashPoint("resume.taken-over");
    await this.#takeover.tidyUp();
    crashPoint("resume.tidied");
    this.#caretaker.start();
    for (const { environment } of await this.#options.store.environments()) this.#warm.begin(environment);
  }

  async create(request: CreateRolloutRequest): Promise<{ rollout: Rollout; created: boolean }> {
    const { store, ids, launcher, clock } = this.#options;
    this.#assertOpen();
    const id = request.rollout_id === undefined ? ids.uuid() : normaliseRolloutId(request.rollout_id);
    if (id === undefined) {
      throw new BerthError("invalid_request", `rollout_id: ${request.rollout_id} is not a UUID, bare or prefixed.`);
    }
    const environment = await this.#environmentOf(request.environment);
    const known = (await store.rollout(id)) !== undefined;
    if (!known) await checkEnvironment(environment, this.#options);
    await this.#entering.get(id);
    using _entry = this.#enter(id, known);
    const { rollout, created } = await store.createRollout({
      id,
      environment,
      group: request.group ?? null,
      labels: request.labels ?? {},
      provider: launcher.provider.name,
      createdAt: this.#rollouts.now(),
    });
    crashPoint("rollout.recorded");
    if (created) {
      const live = new LiveRollout(rollout, environment, clock);
      this.#rollouts.add(live);
      this.#preparation.start(live);
    } else {
      const earlier = await this.#rollouts.environmentOf(id);
      if (JSON.stringify(earlier.environment) !== JSON.stringify(environment.environment)) {
        throw new BerthError("rollout_conflict", `The rollout ${id} was created from another environment.`);
      }
    }
    return { rollout, created };
  }

  async waitUntilSettled(rolloutId: string, timeoutMs: number): Promise<Rollout> {
    const { clock } = this.#options;
    const id = rolloutIdOf(rolloutId);
    await this.#entering.get(id);
    const live = this.#rollouts.find(id);
    const settled = (signal: AbortSignal) =>
      live ? live.ready.catch(() => live.failing) : this.#settledElsewhere(id, signal);
    await withDeadline("the rollout", timeoutMs, settled, { clock }).catch(() => undefined);
    return this.get(rolloutId);
  }

  get(rolloutId: string): Promise<Rollout> {
    return this.#rollouts.stored(rolloutId);
  }

  list(query: RolloutQuery): Promise<Rollout[]> {
    return this.#options.store.rollouts(query);
  }

  async trajectory(rolloutId: string): Promise<Trajectory> {
    const { store } = this.#options;
    const { rollout_id } = await this.get(rolloutId);
    return { rollout_id, records: await store.trajectory(rollout_id), egress: await store.egress(rollout_id) };
  }

  events(rolloutId: string, signal: AbortSignal): AsyncIterable<RolloutEvent> {
    return this.#events.listen(rolloutIdOf(rolloutId), signal, async () => {
      const { status } = await this.get(rolloutId);
      return { event: { type: "status", status }, ended: terminalStatuses.includes(status) };
    });
  }

  async callTool(rolloutId: string, tool: string, request: ToolCallRequest): Promise<ToolCallResult> {
    this.#assertOpen();
    await this.#entering.get(rolloutIdOf(rolloutId));
    return this.#calls.call(rolloutId, tool, request);
  }

  async grade(rolloutId: string, request: GradeRequest): Promise<Verdict> {
    this.#assertOpen();
    await this.#entering.get(rolloutIdOf(rolloutId));
    return this.#grading.grade(rolloutId, request);
  }

  async close(rolloutId: string): Promise<Rollout> {
    const { launcher } = this.#options;
    await this.#entering.get(rolloutIdOf(rolloutId));
    const { rollout_id } = await this.#rollouts.storedHere(rolloutId);
    return this.#closing.run(rollout_id, async () => {
      const live = this.#rollouts.find(rollout_id);
      const reason = new BerthError("rollout_closed", "The rollout was closed.");
      const graded = this.#grading.cancel(rollout_id, reason);
      live?.end(reason);
      await graded;
      if (live) {
        await live.preparation;
        await live.lane.idle();
        await live.turnOver?.catch(() => undefined);
        await live.egress?.flush();
      }
      // Before anything goes: whoever starts after a crash must not take a sandbox that was closed for one that was lost. A full disk keeps none.
      await this.#endAsClosed(rollout_id).catch(() => undefined);
      crashPoint("rollout.closed");
      await live?.sandbox?.[Symbol.asyncDispose]();
      for (const handle of await launcher.of([rollout_id, `grade:${rollout_id}`])) await launcher.destroy(handle);
      crashPoint("rollout.emptied");
      await this.#endAsClosed(rollout_id);
      this.#rollouts.forget(rollout_id);
      return this.get(rollout_id);
    });
  }

  async #endAsClosed(id: string): Promise<void> {
    const { status } = await this.get(id);
    if (!terminalStatuses.includes(status)) await this.#rollouts.end(id, "closed");
  }

  async registerEnvironment(input: EnvironmentInput, baseDir: string | null): Promise<Environment> {
    const environment = parseEnvironment(input);
    await checkEnvironment({ environment, baseDir }, this.#options);
    await this.#options.store.registerEnvironment({ environment, baseDir });
    this.#warm.begin(environment);
    return environment;
  }

  async environments(): Promise<Environment[]> {
    return (await this.#options.store.environments()).map(({ environment }) => environment);
  }

  async buildEnvironment(name: string, onProgress: (message: string) => void) {
    const { builder, clock } = this.#options;
    const began = clock.monotonic();
    const { environment } = await this.#environmentOf(name);
    using snapshot = await builder.ensure(environment, { onProgress });
    const { key, built } = snapshot;
    return { snapshot: key, built, durationMs: clock.monotonic() - began };
  }

  async removeSnapshot(environmentName: string): Promise<boolean> {
    const { environment } = await this.#environmentOf(environmentName);
    return this.#options.builder.remove(environment);
  }

  locate(rolloutId: string): Promise<Whereabouts> | Whereabouts {
    const id = rolloutIdOf(rolloutId);
    return this.#options.claims.holds(id) ? "here" : this.#locate(id);
  }

  /** Ends what is done time and again, also without a drain; resolves when nothing of it is under way. */
  async rest(): Promise<void> {
    this.#later.stop();
    await this.#caretaker.stop();
  }

  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const live = [...this.#rollouts.all()];
    const reason = new BerthError("shutting_down", "The controller is shutting down.");
    const { clock, pool } = this.#options;
    const within = (ms: number, work: () => Promise<unknown>) =>
      withDeadline("draining", ms, work, { clock }).catch(() => undefined);
    const waiting = new Set(live);
    const handOverIdle = async (rollout: LiveRollout) => {
      await Promise.all([rollout.callsEnded(), rollout.preparation, this.#grading.ended(rollout.id)]);
      await this.#handOver(rollout);
      waiting.delete(rollout);
    };
    crashPoint("drain.begun");
    await Promise.all([
      within(graceMs, () => this.rest()),
      within(graceMs, () => this.#preparation.stop(live, reason)),
      within(graceMs, () => Promise.all(live.map(handOverIdle))),
      this.#grading.drain(graceMs, reason),
      within(graceMs, () => this.#warm.stop()),
      within(graceMs, () => pool.close()),
    ]);
    for (const rollout of waiting) rollout.end(cutOff(rollout));
    await within(CUT_OFF_MS, () => Promise.all([...waiting].map((rollout) => rollout.callsEnded())));
    crashPoint("drain.cut-off");
    await within(CUT_OFF_MS, () => Promise.all([...waiting].map((rollout) => this.#handOver(rollout))));
  }

  /** Whoever comes next may have it; nothing of it is under way here. */
  async #handOver(rollout: LiveRollout): Promise<void> {
    const { store, claims } = this.#options;
    rollout.end(cutOff(rollout));
    await rollout.egress?.flush();
    await rollout.letGo();
    const claim = claims.forget(rollout.id);
    // Else it is free when the lease ends.
    if (claim) await store.leases.giveBack(rollout.id, claim).catch(() => undefined);
  }

  async #locate(id: string): Promise<Whereabouts> {
    const { store, claims } = this.#options;
    this.#assertOpen();
    await this.#entering.get(id);
    const holder = await store.leases.holder(id);
    if (holder && holder.controller !== claims.controller) return { controller: holder.controller, url: holder.url };
    if (!(await store.rollout(id)) || (await this.#takeover.one(id))) return "here";
    const { controller, url } = (await store.leases.holder(id)) ?? { controller: "", url: null };
    return { controller, url };
  }

  /** What another controller prepares is looked at in the store. */
  async #settledElsewhere(id: string, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options;
    for (;;) {
      const status = (await store.rollout(id))?.status;
      if (status !== "queued" && status !== "preparing") return;
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
  }

  /** Another may have everything by now: nothing is answered any more, and nothing is touched. */
  #lapse(): void {
    const { claims } = this.#options;
    const reason = new BerthError("fenced", "The lease of this controller has ended.");
    for (const { id } of [...this.#rollouts.all()]) this.#rollouts.drop(id, reason);
    claims.clear();
  }

  #assertOpen(): void {
    if (this.#draining) throw new BerthError("shutting_down", "The controller is shutting down.");
  }

  /** Holds a place until the rollout is among the live ones, so that many at once are no more than may be, and who asks for it meanwhile waits. */
  #enter(id: string, known: boolean): Disposable {
    const { live } = this.#options.limits;
    if (!known && this.#rollouts.size + this.#entering.size >= live) {
      throw new BerthError("overloaded", `The controller holds ${live} rollouts, as many as it may.`);
    }
    const entered = Promise.withResolvers<void>();
    this.#entering.set(id, entered.promise);
    const leave = () => {
      if (this.#entering.get(id) === entered.promise) this.#entering.delete(id);
      entered.resolve();
    };
    return { [Symbol.dispose]: leave };
  }

  async #environmentOf(named: CreateRolloutRequest["environment"]): Promise<StoredEnvironment> {
    if (typeof named !== "string") return { environment: parseEnvironment(named), baseDir: null };
    const found = await this.#options.store.environment(named);
    if (!found) throw new BerthError("unknown_environment", `There is no environment ${named}.`);
    return found;
  }
}
