import { z } from "zod";
import { partName } from "./part-name.ts";

/** How the rewards of an environment's graders become one. Without a formula the weakest part is the reward. */
export const rewardRule = z.strictObject({
  /** Arithmetic over part names: docs/grading.md has the grammar. It is read when the environment is loaded. */
  formula: z.string().min(1).max(2000).optional(),
  /** Parts that make the whole reward 0 when they are 0, whatever the formula says. */
  gates: z.array(partName).max(20).default([]),
  /** Says that nothing but a model's opinion decides, on purpose; else an environment that has only judges is refused. */
  judge_only: z.boolean().default(false),
});
export type RewardRule = z.infer<typeof rewardRule>;
