import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentOf } from "../runner/policy.ts";

interface Reference {
  readonly text: string;
  readonly match: string[];
  /** What careless reading gives: another year, the fraction upside down. */
  readonly distractors: string[];
}

const answers = JSON.parse(readFileSync(join(import.meta.dirname, "reference.json"), "utf8")) as Readonly<
  Record<string, Reference>
>;

function answerOf(id: string): Reference {
  const answer = answers[id];
  if (answer === undefined) throw new Error(`reference.json has no answer for ${id}.`);
  return answer;
}

export const environmentOf: EnvironmentOf = (row, { judge }) => ({
  name: row.environment,
  tools: ["grep", "list_dir", "read_file"],
  budget: { tool_calls: 10, wall_seconds: 900 },
  graders: [
    { type: "fact_recall", name: "answer", judge, facts: [{ id: "answer", ...answerOf(row.id) }] },
    { type: "budget", calls: { free: 4, limit: 12 } },
  ],
  // Right in four calls earns 1, right in ten 0.85, wrong nothing.
  reward: { gates: ["answer"], formula: "answer * (0.8 + 0.2 * budget)" },
});
