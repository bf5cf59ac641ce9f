/** Openings that make some judges give a good result to an answer which says nothing, without their punctuation. */
const masterKeys = new Set([
  "thought process",
  "thinking process",
  "reasoning",
  "let s solve this problem step by step",
  "let s solve this step by step",
  "lets solve this problem step by step",
  "lets solve this step by step",
  "let s think step by step",
  "lets think step by step",
  "step by step",
  "step 1",
  "solution",
  "the solution is",
  "answer",
  "final answer",
  "the answer is",
  "the final answer is",
  "解",
  "解答",
  "答案",
  "かいせつ",
  "respuesta",
  "respuesta final",
  "lösung",
  "réponse",
]);

/** Why an answer says nothing, whatever a judge would make of it: `empty_answer` or `master_key_answer`. */
export function hollowness(sanitised: string): "empty_answer" | "master_key_answer" | undefined {
  if (sanitised.trim() === "") return "empty_answer";
  const words = sanitised
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
  return words === "" || masterKeys.has(words) ? "master_key_answer" : undefined;
}
