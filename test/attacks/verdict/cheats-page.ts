import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { VerdictRow } from "./rows.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** docs/cheats.md, from a whole run. */
export function cheatsPage(rows: readonly VerdictRow[]): string {
  const cheats = rows.filter(({ control }) => !control);
  const graders = [...new Set(rows.map(({ grader }) => grader))];
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  const sections = graders.flatMap((grader) => [
    `## ${grader}`,
    "",
    "| task | the policy … | reward | flags |",
    "| --- | --- | --- | --- |",
    ...rows
      .filter((row) => row.grader === grader)
      .map((row) =>
        line([row.task, row.control ? `*${row.name}*` : row.name, String(row.reward), row.flags.join(", ")]),
      ),
    "",
  ]);
  return [
    "# Cheats",
    "",
    `Written by \`UPDATE_DOCS=1 make cheats\`: ${cheats.length} rollouts that try to be rewarded for nothing, each created, written to by tools and graded`,
    "as a trainer's rollout is. Each must score 0, and carry the flags that tell the attempt where it can be told. *Controls* are in italics: the oracle,",
    "doing nothing, and an honest solution of another shape. What the graders promise, and what they do not, is in [grading](grading.md).",
    "",
    ...sections,
  ].join("\n");
}

export const writeCheatsPage = (text: string): Promise<void> =>
  writeFile(path.resolve(import.meta.dirname, "../../../docs/cheats.md"), text);
