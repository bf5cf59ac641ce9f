import { crashPoint } from "../core/crash-point.ts";
import { BerthError, toBerthError, type BudgetName } from "../core/errors.ts";
import type { Measures } from "../core/measures.ts";
import { Turnstile } from "../core/turnstile.ts";
import { openRolloutEgress, type EgressParts } from "./egress.ts";
import type { Admission } from "../sandbox/admission/admission.ts";
import type { WaitingRoom } from "../sandbox/admission/waiting-room.ts";
import type { Pool, PooledRequest } from "../sandbox/pool/pool.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import { sandboxRequest } from "./sandbox-request.ts";
import { endTurn } from "./end-turn.ts";
import type { LiveRollout } from "./live-rollout.ts";
import type { LiveRollouts } from "./live-rollouts.ts";

const PREPARED_A_TURN = 16;
/** How long a rollout waits for its turn unless it says otherwise: as long as its first call waits for it. */
export const PATIENCE_MS = 540_000;

export interface PreparationParts extends EgressParts {
  readonly rollouts: LiveRollouts;
  readonly builder: SnapshotBuilder;
  readonly launcher: SandboxLauncher;
  readonly admission: Admission;
  readonly waitingRoom: WaitingRoom;
  readonly pool: Pool;
  readonly measures: Measures;
}

/** queued → preparing → active, and the budgets that run from then on. */
export class Preparation {
  readonly #parts: PreparationParts;
  readonly #stopping = new AbortController();
  /** Hundreds may wait for one snapshot. */
  readonly #turnstile = new Turnstile(PREPARED_A_TURN);

  constructor(parts: PreparationParts) {
    this.#parts = parts;
  }

  /** Begins; what becomes of it is on the rollout. */
  start(live: LiveRollout): void {
    live.waiting ??= this.#parts.waitingRoom.readmit(live.place);
    live.preparation = this.#prepare(live).finally(() => live.waiting?.[Symbol.dispose]());
  }

  /** Calls off what is being prepared, and resolves when nothing of it is left; the store still says that it is wanted. */
  async stop(live: Iterable<LiveRollout>, reason: BerthError): Promise<void> {
    this.#stopping.abort(reason);
    for (const { preparation } of live) await preparation;
  }

  /** The sandbox shook hands: its proxy opens, then calls may come, and the budgets run. @throws BerthError */
  async activate(live: LiveRollout, sandbox: Sandbox): Promise<void> {
    await openRolloutEgress(live, sandbox, this.#parts);
    live.becomeActive(sandbox);
    const { wall_seconds } = live.stored.environment.budget;
    const now = this.#parts.clock.now();
    const leftMs = Math.max(0, (live.activeAtMs ?? now) + wall_seconds * 1000 - now);
    live.armWallTime(
      leftMs,
      () => void this.#expire(live, "wall_seconds", `The rollout's ${wall_seconds} seconds are over.`),
    );
    this.touch(live);
  }

  /** Starts the idle time anew; a call that runs is not idle. */
  touch(live: LiveRollout): void {
    const { idle_seconds } = live.stored.environment.budget;
    live.armIdleTime(idle_seconds * 1000, () => {
      if (live.running.size > 0) this.touch(live);
      else void this.#expire(live, "idle_seconds", `No call came for ${idle_seconds} seconds.`);
    });
  }

  async #prepare(live: LiveRollout): Promise<void> {
    const { rollouts } = this.#parts;
    const { signal } = live.turn;
    const calledOff = AbortSignal.any([signal, this.#stopping.signal]);
    if (calledOff.aborted) return;
    using late = this.#tooLate(live);
    const wanted = AbortSignal.any([calledOff, late.signal]);
    try {
      const { builder, profiles, pool } = this.#parts;
      const { environment } = live.stored;
      const onProgress = (message: string) => void this.#begin(live, message).catch(() => undefined);
      using snapshot = await builder.ensure(environment, { onProgress, signal: wanted });
      const { key } = snapshot;
      await this.#turnstile.pass();
      wanted.throwIfAborted();
      live.snapshot = key;
      const request = sandboxRequest(environment, { purpose: live.id, key, builder, profiles });
      const ready = await pool.take(request);
      await (ready ? this.#useReady(live, ready) : this.#startOne(live, request, wanted));
      signal.throwIfAborted();
      crashPoint("rollout.activated");
      if (live.sandbox) await this.activate(live, live.sandbox);
    } catch (error) {
      if (!calledOff.aborted) await rollouts.fail(live, toBerthError(error));
      else if (!signal.aborted) live.end(toBerthError(calledOff.reason));
    }
  }

  /** Aborts when the rollout should have had its sandbox, and once it has it never. */
  #tooLate({ readyByMs }: LiveRollout): { signal: AbortSignal } & Disposable {
    const { clock } = this.#parts;
    const controller = new AbortController();
    const { signal } = controller;
    if (readyByMs === undefined) return { signal, [Symbol.dispose]() {} };
    const end = () =>
      controller.abort(new BerthError("queue_deadline", "The sandbox was not ready in the time that the rollout had."));
    const leftMs = readyByMs - clock.now();
    if (leftMs <= 0) end();
    const alarm = clock.alarm(Math.max(0, leftMs), end, { background: true });
    return { signal, [Symbol.dispose]: () => alarm[Symbol.dispose]() };
  }

  /** One that waited started: it becomes the rollout's in the commit in which the rollout becomes active, never in a later one: hence first. */
  async #useReady(live: LiveRollout, sandbox: Sandbox): Promise<void> {
    const { launcher, clock, measures } = this.#parts;
    const began = clock.monotonic();
    live.waiting?.[Symbol.dispose]();
    const [assigned, activated] = await Promise.allSettled([launcher.assign(sandbox, live.id), this.#activated(live)]);
    if (assigned.status === "rejected") throw assigned.reason;
    live.sandbox = assigned.value;
    if (activated.status === "rejected") throw activated.reason;
    measures.provisioned("pool", (clock.monotonic() - began) / 1000);
  }

  /** None waited: one is started, in its turn. */
  async #startOne(live: LiveRollout, request: PooledRequest, signal: AbortSignal): Promise<void> {
    const { launcher, admission, clock, measures } = this.#parts;
    const start = async () => {
      const began = clock.monotonic();
      live.waiting?.[Symbol.dispose]();
      await this.#begin(live, "starting the sandbox");
      live.sandbox = await launcher.launch({ ...request, signal });
      measures.provisioned("cold", (clock.monotonic() - began) / 1000);
    };
    const patienceMs = live.readyByMs === undefined ? PATIENCE_MS : Math.max(0, live.readyByMs - clock.now());
    await admission.run({ ...live.place, background: false }, start, { patienceMs, signal });
    live.turn.signal.throwIfAborted();
    crashPoint("rollout.started");
    await this.#activated(live);
  }

  #activated(live: LiveRollout): Promise<void> {
    const { rollouts } = this.#parts;
    return rollouts.change(live.id, { status: "active", active_at: rollouts.now(), snapshot: live.snapshot ?? null });
  }

  /** The rollout's status says that something is under way for it, from the first message on. */
  async #begin(live: LiveRollout, message: string): Promise<void> {
    const { events, rollouts } = this.#parts;
    live.begun ??= rollouts.change(live.id, { status: "preparing", snapshot: live.snapshot ?? null });
    await live.begun;
    crashPoint("rollout.preparing");
    events.publish(live.id, { type: "progress", phase: "preparing", message });
  }

  /** The change set is kept, so that an expired rollout can still be graded. */
  async #expire(live: LiveRollout, budget: BudgetName, message: string): Promise<void> {
    const { rollouts } = this.#parts;
    const reason = new BerthError("budget_exhausted", message, { budget });
    try {
      await endTurn(live, reason, this.#parts);
    } catch (error) {
      // Closed or failed meanwhile: that ends it.
      if (live.turn.signal.reason !== reason && error === live.turn.signal.reason) return;
      return await rollouts.fail(live, toBerthError(error));
    }
    crashPoint("rollout.expiring");
    // What cannot be written is tried again; it expired all the same.
    await rollouts.end(live.id, "expired", { error: reason }).catch(() => undefined);
  }
}
