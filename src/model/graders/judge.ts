import { z } from "zod";
import { partName } from "./part-name.ts";

/** What a judge can look for without being told how. */
export const styleRubric = z.enum(["verbosity", "emojis", "unprofessional_tone"]);
export type StyleRubric = z.infer<typeof styleRubric>;

/** The model that is asked, where it is not the controller's `judge_model`. */
export const judgeModelName = z.string().min(1).max(256);

/** How many times the same is asked; the median, or the majority, counts. */
export const judgeVotes = z
  .number()
  .int()
  .min(1)
  .max(15)
  .refine((count) => count % 2 === 1, { error: "must be odd, so that there is one in the middle" });

export const judgeGraderSpec = z
  .strictObject({
    type: z.literal("judge"),
    name: partName.default("judge"),
    /** Each adds a paragraph of ours to what is asked. */
    style: z.array(styleRubric).max(3).default([]),
    /** What the judge looks for, in the task's own words. */
    rubric: z.string().min(1).max(20_000).optional(),
    /** What the judge is shown. */
    judges: z
      .array(z.enum(["answer", "change_set"]))
      .min(1)
      .max(2)
      .default(["answer"]),
    /** The lowest and the highest result; what a judge says beyond them is cut to them. */
    range: z
      .tuple([z.number(), z.number()])
      .refine(([low, high]) => low < high, { error: "must be a lower and a higher number" })
      .default([0, 1]),
    model: judgeModelName.optional(),
    votes: judgeVotes.default(3),
    /** A spread of the votes above this share of the range is told as a disagreement. */
    agreement: z.number().min(0).max(1).default(0.5),
  })
  .refine(({ style, rubric }) => style.length > 0 || rubric !== undefined, {
    error: "must say what is judged: style, rubric or both",
  });

export type JudgeGraderSpec = z.infer<typeof judgeGraderSpec>;
