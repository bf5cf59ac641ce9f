import { z } from "zod";
import { graderSpec } from "./grader.ts";
import { rewardRule } from "./graders/reward.ts";
import { errorReport } from "./error.ts";

/** One member of a verdict: what a grader measured and what it saw. */
export const verdictPart = z.strictObject({
  name: z.string(),
  type: z.string(),
  reward: z.number(),
  /** Why, in one sentence. */
  summary: z.string(),
  /** Counts, failed ids, outputs' tails: bounded, for people. */
  evidence: z.record(z.string(), z.unknown()),
});
export type VerdictPart = z.infer<typeof verdictPart>;

/** What a rollout earned. `unscored` never carries a reward: a failure of ours is not a zero. */
export const verdict = z.discriminatedUnion("status", [
  z.strictObject({
    status: z.literal("scored"),
    reward: z.number(),
    /** How the reward came from the parts, in one sentence. */
    decision: z.string().optional(),
    parts: z.array(verdictPart),
    /** What the policy seems to have tried, named for people who look for reward hacks. */
    flags: z.array(z.string()).default([]),
    duration_ms: z.number().min(0),
  }),
  z.strictObject({
    status: z.literal("unscored"),
    reward: z.null(),
    parts: z.array(verdictPart).default([]),
    reason: errorReport,
    duration_ms: z.number().min(0),
  }),
]);
export type Verdict = z.infer<typeof verdict>;

export const gradeRequest = z
  .strictObject({
    answer: z.string().max(1_000_000).optional(),
    /** A verdict beside the stored one, from the stored change set; without an answer it judges the first one. */
    again: z.boolean().optional(),
    /** Only with `again`: instead of the environment's. */
    graders: z.array(graderSpec).min(1).max(20).optional(),
    reward: rewardRule.optional(),
    /** Only with `graders`: an absolute folder of the controller's machine at which their relative paths start. */
    base_dir: z
      .string()
      .startsWith("/", { error: "must be an absolute path" })
      .max(4096)
      .refine((path) => path.isWellFormed() && !path.includes("\0"), { error: "must be Unicode text without NUL" })
      .optional(),
  })
  .refine(({ again, graders, reward }) => again === true || (graders === undefined && reward === undefined), {
    error: "graders and reward are only for grading again",
    path: ["again"],
  });
export type GradeRequest = z.infer<typeof gradeRequest>;
