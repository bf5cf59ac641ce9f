import type { Expected, Policies, Tools } from "../runner/policy.ts";

const tooCommon = new Set([
  "which",
  "where",
  "their",
  "there",
  "since",
  "does",
  "have",
  "what",
  "that",
  "than",
  "more",
  "many",
  "long",
  "made",
]);

/** The words of the question, without the advice that follows it, by their first letters: `encrypted` finds `encrypts`. */
function stemsOf(prompt: string): string[] {
  const question = prompt.split("?")[0]?.toLowerCase() ?? "";
  const words = question.match(/[a-z]{4,}/g) ?? [];
  return [...new Set(words.filter((word) => !tooCommon.has(word)).map((word) => word.slice(0, 6)))];
}

/** `path:line:text`, one match a line. */
const matchesIn = (found: string): string[] =>
  found.split("\n").flatMap((line) => /^[^\s:]+:\d+:(?!#)(.+)$/.exec(line)?.slice(1, 2) ?? []);

const sentences = 7;

/** Searches for all words of the question at once, and answers with the sentences in which most and rarest of them stand. */
async function good(prompt: string, tools: Tools): Promise<string> {
  const stems = stemsOf(prompt);
  const found = await tools.all(stems.map((stem) => ["grep", { pattern: stem, ignore_case: true, max_matches: 100 }]));
  const weights = new Map<string, number>();
  for (const lines of found.map(matchesIn))
    for (const line of lines) weights.set(line, (weights.get(line) ?? 0) + 1 / lines.length);
  const best = [...weights].toSorted(([, a], [, b]) => b - a).slice(0, sentences);
  return best.map(([line]) => line).join("\n");
}

/** Copies every document into the answer. */
async function everything(tools: Tools): Promise<string> {
  const listed = await tools.call("glob", { pattern: "**/*.md" });
  const paths = listed.split("\n").filter((line) => line.endsWith(".md"));
  return (await tools.all(paths.map((path) => ["read_file", { path, line_numbers: false }]))).join("\n");
}

export const policies: Policies = {
  good: ({ prompt }, tools) => good(prompt, tools),
  everything: (_, tools) => everything(tools),
  bad: async () => "Courier is a robust system, and its engineers handled this well with best practices and care.",
};

export const expected: Expected = {
  good: { because: "at least 0.6: most of the facts, and little else", holds: (reward) => reward >= 0.6 },
  everything: {
    because: "at most 0.3: all of the facts under several times the length",
    holds: (reward) => reward <= 0.3,
  },
  bad: { because: "0: no fact in it", holds: (reward) => reward === 0 },
};
