import PQueue from "p-queue";
import { BerthError, toBerthError } from "../core/errors.ts";
import { openRolloutEgress, type EgressParts } from "./egress.ts";
import { profileNamed } from "../sandbox/profiles.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import { endTurn } from "./end-turn.ts";
import type { LiveRollout } from "./live-rollout.ts";
import type { LiveRollouts } from "./live-rollouts.ts";

/** Beyond the budgets of policy and grading, so that a box never dies before it can be graded. */
const GRACE_MS = 300_000;

export interface PreparationParts extends EgressParts {
  readonly rollouts: LiveRollouts;
  readonly builder: SnapshotBuilder;
  readonly launcher: SandboxLauncher;
  /** Sandboxes started at the same time. */
  readonly concurrency: number;
}

/** queued → preparing → active, and the budgets that run from then on. */
export class Preparation {
  readonly #parts: PreparationParts;
  readonly #queue: PQueue;
  readonly #stopping = new AbortController();

  constructor(parts: PreparationParts) {
    this.#parts = parts;
    this.#queue = new PQueue({ concurrency: parts.concurrency });
  }

  /** Puts the rollout in the queue; never rejects. */
  start(live: LiveRollout): void {
    void this.#queue.add(() => (live.preparation = this.#prepare(live)));
  }

  /** Calls off what is being prepared, and resolves when nothing of it is left; the store still says that it is wanted. */
  async stop(live: Iterable<LiveRollout>, reason: BerthError): Promise<void> {
    this.#queue.clear();
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
    live.armWallTime(leftMs, () => void this.#expire(live, `The rollout's ${wall_seconds} seconds are over.`));
    this.touch(live);
  }

  /** Starts the idle time anew; a call that runs is not idle. */
  touch(live: LiveRollout): void {
    const { idle_seconds } = live.stored.environment.budget;
    live.armIdleTime(idle_seconds * 1000, () => {
      if (live.running.size > 0) this.touch(live);
      else void this.#expire(live, `No call came for ${idle_seconds} seconds.`);
    });
  }

  async #prepare(live: LiveRollout): Promise<void> {
    const { rollouts } = this.#parts;
    const { signal } = live.turn;
    const calledOff = AbortSignal.any([signal, this.#stopping.signal]);
    if (calledOff.aborted) return;
    try {
      await rollouts.change(live.id, { status: "preparing" });
      live.sandbox = await this.#launch(live, calledOff);
      signal.throwIfAborted();
      await rollouts.change(live.id, { status: "active", active_at: rollouts.now() });
      signal.throwIfAborted();
      await this.activate(live, live.sandbox);
    } catch (error) {
      if (!calledOff.aborted) await rollouts.fail(live, toBerthError(error));
      else if (!signal.aborted) live.end(toBerthError(calledOff.reason));
    }
  }

  /** From an environment to a sandbox: snapshot, then launch. */
  async #launch(live: LiveRollout, signal: AbortSignal): Promise<Sandbox> {
    const { store, events, builder, launcher, profiles } = this.#parts;
    const { environment } = live.stored;
    const onProgress = (message: string) => events.publish(live.id, { type: "progress", phase: "preparing", message });
    using snapshot = await builder.ensure(environment, { onProgress, signal });
    const { key, built } = snapshot;
    live.snapshot = key;
    await store.updateRollout(live.id, { snapshot: key });
    signal.throwIfAborted();
    onProgress(built ? "snapshot built; starting the sandbox" : "starting the sandbox");
    const { wall_seconds, grading_seconds } = environment.budget;
    return await launcher.launch({
      purpose: live.id,
      base: { kind: "snapshot", key },
      profile: profileNamed(profiles, environment.profile),
      resources: environment.resources,
      workdir: environment.workdir,
      lifetimeMs: (wall_seconds + grading_seconds) * 1000 + GRACE_MS,
      signal,
    });
  }

  /** The change set is kept, so that an expired rollout can still be graded. */
  async #expire(live: LiveRollout, message: string): Promise<void> {
    const { rollouts } = this.#parts;
    const reason = new BerthError("budget_exhausted", message);
    try {
      await endTurn(live, reason, this.#parts);
      await rollouts.end(live.id, "expired", reason);
    } catch (error) {
      // Closed or failed meanwhile: that ends it.
      if (live.turn.signal.reason !== reason && error === live.turn.signal.reason) return;
      await rollouts.fail(live, toBerthError(error));
    }
  }
}
