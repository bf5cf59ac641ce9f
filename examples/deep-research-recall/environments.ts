import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { GraderSpec } from "../../src/model/grader.ts";
import type { EnvironmentOf } from "../runner/policy.ts";

type Fact = Extract<GraderSpec, { type: "fact_recall" }>["facts"][number];

/** By row: what a complete answer contains. It goes to the controller and to no policy. */
const facts = JSON.parse(readFileSync(join(import.meta.dirname, "reference.json"), "utf8")) as Readonly<
  Record<string, Fact[]>
>;

export const environmentOf: EnvironmentOf = (row, { judge }) => ({
  name: row.environment,
  tools: ["grep", "glob", "list_dir", "read_file"],
  budget: { tool_calls: 60, wall_seconds: 1800 },
  graders: [{ type: "fact_recall", judge, facts: facts[row.id] ?? [], characters_per_fact: 300 }],
  // A question has no tests that could be a gate.
  reward: { judge_only: judge },
});
