import { z } from "zod";
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

export const gradeRequest = z.strictObject({ answer: z.string().max(1_000_000).optional() });
export type GradeRequest = z.infer<typeof gradeRequest>;
