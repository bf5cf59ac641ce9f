import { budgetDimensions, type BudgetGraderSpec } from "../model/graders/budget.ts";
import type { TrajectoryRecord } from "../model/trajectory.ts";
import type { Grader } from "./grader.ts";
import { usageOf } from "./usage.ts";

/** What a rollout used, against what it may use: 1 up to `free`, 0 from `limit` on. The dimension that is worst counts. Runs nothing. */
export const budgetGrader: Grader<BudgetGraderSpec> = {
  type: "budget",

  async grade(spec, { trajectory }) {
    const used = measured(await trajectory());
    const shares = budgetDimensions.flatMap((dimension) => {
      const allowed = spec[dimension];
      if (allowed === undefined) return [];
      const { free, limit } = allowed;
      const reward = Math.min(1, Math.max(0, (limit - used[dimension]) / (limit - free)));
      return [{ dimension, used: used[dimension], free, limit, reward }];
    });
    const worst = shares.reduce((lowest, share) => (share.reward < lowest.reward ? share : lowest));
    return {
      name: spec.name,
      type: spec.type,
      reward: worst.reward,
      summary: `${worst.dimension}: ${worst.used}, of which ${worst.free} are free and ${worst.limit} are too many.`,
      evidence: { shares, output_tokens_estimated: true },
      flags: [],
    };
  },
};

function measured(records: readonly TrajectoryRecord[]): Record<(typeof budgetDimensions)[number], number> {
  const { calls, outputBytes, outputTokens, wallSeconds } = usageOf(records);
  return { calls, output_bytes: outputBytes, output_tokens: outputTokens, wall_seconds: wallSeconds };
}
