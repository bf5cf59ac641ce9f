import type { Claims } from "../controllers/claims.ts";
import type { Clock } from "../core/clock.ts";
import { crashPoint } from "../core/crash-point.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError } from "../core/errors.ts";
import type { Pool } from "../sandbox/pool/pool.ts";
import type { Store } from "../store/store.ts";
import type { Grading } from "./grading.ts";
import type { KeepWarm } from "./keep-warm.ts";
import type { LiveRollout } from "./live-rollout.ts";
import type { LiveRollouts } from "./live-rollouts.ts";
import type { Preparation } from "./preparation.ts";
import type { Regradings } from "./regrading.ts";

export interface DrainParts {
  readonly store: Store;
  readonly claims: Claims;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly rollouts: LiveRollouts;
  readonly preparation: Preparation;
  readonly grading: Grading;
  readonly regradings: Regradings;
  readonly warm: KeepWarm;
  /** Ends what is done time and again. */
  readonly rest: () => Promise<void>;
}

/** For calls that were told to end, sandboxes that are given up in the middle of their start, and the records of both. */
const CUT_OFF_MS = 10_000;

/** Why a call ends with the controller. One that waits for its sandbox has not run. */
const cutOff = ({ sandbox }: LiveRollout): BerthError =>
  sandbox
    ? new BerthError("outcome_unknown", "The controller ended before the call did; it is not run again.")
    : new BerthError("shutting_down", "The controller is shutting down.");

/**
 * Lets what runs end within `graceMs` and hands each rollout over as soon as nothing of it is under way; what then still runs is cut off.
 * Sandboxes go on.
 */
export async function drain(graceMs: number, parts: DrainParts): Promise<void> {
  const { clock, pool, preparation, grading, regradings, warm, rest } = parts;
  const live = [...parts.rollouts.all()];
  const reason = new BerthError("shutting_down", "The controller is shutting down.");
  const within = (ms: number, work: () => Promise<unknown>) =>
    withDeadline("draining", ms, work, { clock }).catch(() => undefined);
  const waiting = new Set(live);
  const handOverIdle = async (rollout: LiveRollout) => {
    await Promise.all([rollout.callsEnded(), rollout.preparation, grading.ended(rollout.id)]);
    await handOver(rollout, parts);
    waiting.delete(rollout);
  };
  crashPoint("drain.begun");
  await Promise.all([
    within(graceMs, rest),
    within(graceMs, () => preparation.stop(live, reason)),
    within(graceMs, () => Promise.all(live.map(handOverIdle))),
    grading.drain(graceMs, reason),
    within(graceMs, () => regradings.cancel(reason)),
    within(graceMs, () => warm.stop()),
    within(graceMs, () => pool.close()),
  ]);
  for (const rollout of waiting) rollout.end(cutOff(rollout));
  await within(CUT_OFF_MS, () => Promise.all([...waiting].map((rollout) => rollout.callsEnded())));
  crashPoint("drain.cut-off");
  await within(CUT_OFF_MS, () => Promise.all([...waiting].map((rollout) => handOver(rollout, parts))));
}

/** Whoever comes next may have it; nothing of it is under way here. */
async function handOver(rollout: LiveRollout, { store, claims }: DrainParts): Promise<void> {
  rollout.end(cutOff(rollout));
  await rollout.egress?.flush();
  await rollout.letGo();
  const claim = claims.forget(rollout.id);
  // Else it is free when the lease ends.
  if (claim) await store.leases.giveBack(rollout.id, claim).catch(() => undefined);
}
