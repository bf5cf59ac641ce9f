import { z } from "zod";
import { graderSpec } from "./grader.ts";
import { rewardRule } from "./graders/reward.ts";
import { verdict } from "./verdict.ts";

/** A later verdict on what a rollout left, beside the first one, which stands. */
export const regrading = z.strictObject({
  regrading_id: z.uuid(),
  graded_at: z.iso.datetime(),
  /** By what it was judged. */
  graders: z.array(graderSpec),
  reward: rewardRule.nullable(),
  /** What was judged as the policy's last message. */
  answer: z.string().nullable(),
  verdict,
});
export type Regrading = z.infer<typeof regrading>;

/** Regradings that are kept of one rollout. */
export const mostRegradings = 100;
