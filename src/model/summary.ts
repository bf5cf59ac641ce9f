import { z } from "zod";
import { budgetNames, errorCodes, type ErrorCode } from "../core/errors.ts";
import { causedBy } from "./error.ts";
import { rolloutStatus } from "./rollout.ts";

/** Rollouts that came to the same: how they ended or stand, what they earned, and who caused what went wrong. */
export const outcome = z.strictObject({
  status: rolloutStatus,
  /** Null for those that were not graded. */
  verdict: z.enum(["scored", "unscored"]).nullable(),
  /** Why they are unscored, or else why they failed or expired. */
  cause: causedBy.nullable(),
  code: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]).nullable(),
  budget: z.enum(budgetNames).nullable(),
  count: z.number().int().min(1),
  mean_reward: z.number().nullable(),
});
export type Outcome = z.infer<typeof outcome>;

export const rolloutSummary = z.strictObject({
  total: z.number().int().min(0),
  scored: z.number().int().min(0),
  /** Of those that are scored. */
  mean_reward: z.number().nullable(),
  /** By who caused it, of those that failed, expired or are unscored. */
  by_cause: z.record(causedBy, z.number().int().min(0)),
  /** The most frequent first. */
  outcomes: z.array(outcome),
});
export type RolloutSummary = z.infer<typeof rolloutSummary>;

/** The sums of outcomes. */
export function summaryOf(outcomes: readonly Outcome[]): RolloutSummary {
  const total = outcomes.reduce((sum, { count }) => sum + count, 0);
  const scored = outcomes.filter(({ verdict }) => verdict === "scored");
  const count = scored.reduce((sum, one) => sum + one.count, 0);
  const earned = scored.reduce((sum, one) => sum + one.count * (one.mean_reward ?? 0), 0);
  const causes = causedBy.options.map((cause) => [
    cause,
    outcomes.filter((one) => one.cause === cause).reduce((sum, one) => sum + one.count, 0),
  ]);
  return {
    total,
    scored: count,
    mean_reward: count === 0 ? null : earned / count,
    by_cause: Object.fromEntries(causes) as RolloutSummary["by_cause"],
    outcomes: outcomes.toSorted((one, two) => two.count - one.count),
  };
}
