import { z } from "zod";
import { judgeModelName, judgeVotes } from "./judge.ts";
import { partName } from "./part-name.ts";

const phrase = z.string().min(1).max(2000);

export const referenceFact = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: "must be 1 to 64 letters, digits, '_', '.' or '-'" }),
  /** A whole sentence for the judge; an answer that has it word for word contains the fact. */
  text: phrase,
  /** Wordings that settle it: an answer that has one of them contains the fact. */
  match: z.array(phrase).max(50).default([]),
  /** Wordings of what is wrong: an answer that has one of them does not contain the fact, whatever else it says. */
  distractors: z.array(phrase).max(50).default([]),
});
export type ReferenceFact = z.infer<typeof referenceFact>;

export const factRecallGraderSpec = z.strictObject({
  type: z.literal("fact_recall"),
  name: partName.default("fact_recall"),
  /** What a complete answer contains. */
  facts: z
    .array(referenceFact)
    .min(1)
    .max(200)
    .refine((facts) => new Set(facts.map(({ id }) => id)).size === facts.length, { error: "must have different ids" }),
  /** Whether a judge decides on the facts that no wording settles; without one they are not contained. */
  judge: z.boolean().default(true),
  model: judgeModelName.optional(),
  votes: judgeVotes.default(3),
  /** An answer may have as many characters for each fact; a longer one loses in proportion. */
  characters_per_fact: z.number().int().min(20).max(100_000).default(600),
});

export type FactRecallGraderSpec = z.infer<typeof factRecallGraderSpec>;
