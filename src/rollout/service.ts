import type { Claims } from "../controllers/claims.ts";
import type { Membership } from "../controllers/membership.ts";
import { crashPoint } from "../core/crash-point.ts";
import { withDeadline } from "../core/deadline.ts";
import type { CodeIndexes } from "../code-index/indexes.ts";
import type { Embeddings, Meaning } from "../code-index/meaning/embeddings.ts";
import type { Clock } from "../core/clock.ts";
import { BerthError } from "../core/errors.ts";
import { normaliseRolloutId, type IdSource } from "../core/ids.ts";
import { Later } from "../core/later.ts";
import type { Logger } from "../core/log.ts";
import type { Measures } from "../core/measures.ts";
import type { Dial } from "../egress/dialler.ts";
import type { Graders } from "../grader/registry.ts";
import type { Environment, EnvironmentInput } from "../model/environment.ts";
import type { Regrading } from "../model/regrading.ts";
import { terminalStatuses, type CreateRolloutRequest, type Rollout } from "../model/rollout.ts";
import { summaryOf, type RolloutSummary } from "../model/summary.ts";
import type { ToolCallRequest, ToolCallResult } from "../model/tool-call.ts";
import type { RolloutEvent, Trajectory } from "../model/trajectory.ts";
import type { GradeRequest, Verdict } from "../model/verdict.ts";
import type { Admission } from "../sandbox/admission/admission.ts";
import type { WaitingRoom } from "../sandbox/admission/waiting-room.ts";
import type { Pool } from "../sandbox/pool/pool.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { Profiles } from "../sandbox/profiles.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import type { AuditTrail } from "../store/audit-trail.ts";
import type { OutcomeQuery, RolloutQuery, Store } from "../store/store.ts";
import type { ToolRegistry } from "../tool/registry.ts";
import type { DoorTool, Tool } from "../tool/tool.ts";
import { toolsOf } from "../tool/tools-of.ts";
import { semanticsOf } from "./semantics.ts";
import type { CallContext } from "./call.ts";
import { Calls } from "./calls.ts";
import { Caretaker } from "./caretaker.ts";
import { Closing } from "./closing.ts";
import { drain } from "./drain.ts";
import { Entrance } from "./entrance.ts";
import type { ItemRules } from "./environment-of-item.ts";
import { Environments } from "./environments.ts";
import { exportedRollouts, type ExportedRollout } from "./export/exported.ts";
import { EventHub } from "./event-hub.ts";
import { Grading } from "./grading.ts";
import { KeepWarm } from "./keep-warm.ts";
import { LiveRollout } from "./live-rollout.ts";
import { LiveRollouts, rolloutIdOf } from "./live-rollouts.ts";
import { PATIENCE_MS, Preparation } from "./preparation.ts";
import { Regradings } from "./regrading.ts";
import { Takeover } from "./takeover.ts";
import type { RolloutService, RolloutTerminals, Whereabouts } from "./rollout-service.ts";
import { terminalsOf } from "./terminals.ts";

export interface RolloutServiceOptions {
  /** Fenced by `claims`. */
  readonly store: Store;
  readonly audit: AuditTrail;
  readonly membership: Membership;
  readonly claims: Claims;
  readonly launcher: SandboxLauncher;
  readonly admission: Admission;
  readonly waitingRoom: WaitingRoom;
  readonly pool: Pool;
  readonly builder: SnapshotBuilder;
  readonly registry: ToolRegistry;
  /** Of commits, for the tools that search; absent where there is none, as in simulations. */
  readonly indexes?: Pick<CodeIndexes, "of">;
  /** Without it search by meaning ranks by words. */
  readonly embeddings?: Pick<Embeddings, keyof Meaning | "prepare"> | undefined;
  readonly graders: Graders;
  readonly profiles: Profiles;
  /** Connections of sandboxes whose profile has `network: egress`. */
  readonly dial: Dial;
  /** What rows of datasets may ask for. */
  readonly items: ItemRules;
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

const LOOK_AGAIN_MS = 250;

/** The rollouts of this controller. Everything that must last is in the store before anyone is told of it. */
export class Rollouts implements RolloutService {
  readonly #options: RolloutServiceOptions;
  readonly #rollouts: LiveRollouts;
  readonly #events: EventHub;
  readonly #preparation: Preparation;
  readonly #calls: Calls;
  readonly #grading: Grading;
  readonly #regradings: Regradings;
  readonly #warm: KeepWarm;
  readonly #takeover: Takeover;
  readonly #caretaker: Caretaker;
  readonly #closing: Closing;
  readonly #later: Later;
  readonly #entrance: Entrance;
  readonly #environments: Environments;
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
    this.#entrance = new Entrance(rollouts, limits.live);
    this.#preparation = preparation;
    const indexOf: CallContext["indexOf"] = async ({ repo }, signal) =>
      repo && (await options.indexes?.of(repo, signal));
    const { embeddings } = options;
    const meaningOf = embeddings && ((environment: Environment) => semanticsOf(embeddings, environment));
    const search = { indexOf, ...(meaningOf && { semanticsOf: meaningOf }) };
    this.#calls = new Calls({ ...options, ...search, rollouts, events, preparation, deadlineMs: limits.toolCallMs });
    this.#warm = new KeepWarm(options);
    this.#environments = new Environments({ ...options, warm: this.#warm });
    this.#grading = new Grading({ ...options, rollouts, events });
    this.#regradings = new Regradings({ ...options, rollouts, events });
    this.#closing = new Closing({ ...options, rollouts, grading: this.#grading, regradings: this.#regradings });
    const { membership, claims } = options;
    const takeover = new Takeover({
      ...options,
      rollouts,
      preparation,
      grading: this.#grading,
      entrance: this.#entrance,
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

  async create(
    request: CreateRolloutRequest,
    by: string | null = null,
  ): Promise<{ rollout: Rollout; created: boolean }> {
    const { store, audit, ids, launcher, clock, waitingRoom } = this.#options;
    this.#assertOpen();
    const id = request.rollout_id === undefined ? ids.uuid() : normaliseRolloutId(request.rollout_id);
    if (id === undefined) {
      throw new BerthError("invalid_request", `rollout_id: ${request.rollout_id} is not a UUID, bare or prefixed.`);
    }
    const environment = await this.#environments.for(request);
    const known = (await store.rollout(id)) !== undefined;
    if (!known) await this.#environments.check(environment);
    await this.#entrance.passed(id);
    using _entry = this.#entrance.enter(id, known);
    const { ready_within_seconds: seconds } = request;
    const place = { key: by ?? "", group: request.group ?? "" };
    const patienceMs = seconds === undefined ? PATIENCE_MS : seconds * 1000;
    using waiting = new DisposableStack();
    const waits = known ? undefined : waiting.use(waitingRoom.enter(place, patienceMs));
    const creating = store.createRollout({
      id,
      environment,
      group: request.group ?? null,
      labels: request.labels ?? {},
      provider: launcher.provider.name,
      createdAt: this.#rollouts.now(),
      createdBy: by,
      readyBy: seconds === undefined ? null : new Date(clock.now() + patienceMs).toISOString(),
    });
    const why = `of environment ${environment.environment.name}`;
    const deed = { action: "created", kind: "rollout", subject: id, rolloutId: id, by: by ?? undefined, why } as const;
    const [{ rollout, created }] = await Promise.all([creating, known ? undefined : audit.tell(deed)]);
    crashPoint("rollout.recorded");
    if (created) {
      const live = new LiveRollout(rollout, environment, clock);
      waiting.move();
      live.waiting = waits;
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
    await this.#entrance.passed(id);
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

  exported(query: { group?: string }): AsyncIterable<ExportedRollout> {
    return exportedRollouts(this.#options.store, query);
  }

  async summary(query: OutcomeQuery): Promise<RolloutSummary> {
    return summaryOf(await this.#options.store.outcomes(query));
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

  callTool(rolloutId: string, tool: string, request: ToolCallRequest): Promise<ToolCallResult> {
    return this.#call(rolloutId, tool, request);
  }

  callDoorTool(rolloutId: string, tool: DoorTool, request: ToolCallRequest): Promise<ToolCallResult> {
    return this.#call(rolloutId, tool, request);
  }

  async terminals(rolloutId: string): Promise<RolloutTerminals> {
    this.#assertOpen();
    await this.#entrance.passed(rolloutIdOf(rolloutId));
    return terminalsOf(rolloutId, { ...this.#options, rollouts: this.#rollouts, preparation: this.#preparation });
  }

  cancelCall(rolloutId: string, callId: string): boolean {
    return this.#calls.cancel(rolloutIdOf(rolloutId), callId);
  }

  async tools(rolloutId: string): Promise<readonly Tool[]> {
    const id = rolloutIdOf(rolloutId);
    const { environment } = this.#rollouts.find(id)?.stored ?? (await this.#rollouts.environmentOf(id));
    return toolsOf(environment, this.#options.registry);
  }

  async grade(rolloutId: string, request: GradeRequest, by?: string): Promise<Verdict> {
    this.#assertOpen();
    await this.#entrance.passed(rolloutIdOf(rolloutId));
    return this.#grading.grade(rolloutId, request, by);
  }

  async regrade(rolloutId: string, request: GradeRequest): Promise<Verdict> {
    this.#assertOpen();
    await this.#entrance.passed(rolloutIdOf(rolloutId));
    return this.#regradings.regrade(rolloutId, request);
  }

  async regradings(rolloutId: string): Promise<Regrading[]> {
    const { rollout_id } = await this.get(rolloutId);
    return this.#options.store.regradings(rollout_id);
  }

  async close(rolloutId: string, by?: string): Promise<Rollout> {
    await this.#entrance.passed(rolloutIdOf(rolloutId));
    return this.#closing.close(rolloutId, by);
  }

  registerEnvironment(input: EnvironmentInput, baseDir: string | null, by?: string): Promise<Environment> {
    return this.#environments.register(input, baseDir, by);
  }

  environments(): Promise<Environment[]> {
    return this.#environments.all();
  }

  toolsOf(environmentName: string): Promise<readonly Tool[]> {
    return this.#environments.toolsOf(environmentName);
  }

  buildEnvironment(name: string, onProgress: (message: string) => void) {
    return this.#environments.build(name, onProgress);
  }

  removeSnapshot(environmentName: string): Promise<boolean> {
    return this.#environments.removeSnapshot(environmentName);
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

  drain(graceMs: number): Promise<void> {
    this.#draining = true;
    return drain(graceMs, {
      ...this.#options,
      rollouts: this.#rollouts,
      preparation: this.#preparation,
      grading: this.#grading,
      regradings: this.#regradings,
      warm: this.#warm,
      rest: () => this.rest(),
    });
  }

  async #call(rolloutId: string, tool: string | DoorTool, request: ToolCallRequest): Promise<ToolCallResult> {
    this.#assertOpen();
    await this.#entrance.passed(rolloutIdOf(rolloutId));
    return this.#calls.call(rolloutId, tool, request);
  }

  async #locate(id: string): Promise<Whereabouts> {
    const { store, claims } = this.#options;
    this.#assertOpen();
    await this.#entrance.passed(id);
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
}
