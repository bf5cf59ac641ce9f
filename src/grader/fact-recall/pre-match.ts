import type { ReferenceFact } from "../../model/graders/fact-recall.ts";
import { findPhrase, readClauses } from "./find-phrase.ts";

export type Settled = "contained" | "contradicted" | "open";

/** What of each fact an answer settles by its words alone. A distractor outweighs the fact itself: who says both has said neither. */
export function preMatch(answer: string, facts: readonly ReferenceFact[]): Settled[] {
  const read = readClauses(answer);
  const says = (phrase: string): boolean => findPhrase(read, phrase) === "said";
  return facts.map(({ text, match, distractors }) => {
    if (distractors.some(says)) return "contradicted";
    return [text, ...match].some(says) ? "contained" : "open";
  });
}
