import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentOf } from "../runner/policy.ts";

/** By row: the files that the real change touched. They go to the controller and to no policy. */
const touched = JSON.parse(readFileSync(join(import.meta.dirname, "reference.json"), "utf8")) as Readonly<
  Record<string, string[]>
>;

export const environmentOf: EnvironmentOf = (row) => ({
  name: row.environment,
  tools: ["grep", "glob", "list_dir", "read_file"],
  budget: { tool_calls: 40, wall_seconds: 900 },
  graders: [{ type: "file_f1", files: touched[row.id] ?? [] }],
});
