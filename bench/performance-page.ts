import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { countLine, machineLine, type BenchReport } from "../src/bench/report.ts";
import { tableCells, tableHeading, type Row } from "../src/bench/row.ts";
import { chart } from "./chart.ts";

const docs = path.resolve(import.meta.dirname, "../docs");
const begin = "<!-- bench:begin -->";
const end = "<!-- bench:end -->";

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

/** What stands between the marks of docs/performance.md. */
export function performanceSection(rows: readonly Row[], report: BenchReport): string {
  return [
    begin,
    `Measured on ${report.started_at.slice(0, 10)}: ${machineLine(report.machine)}. ${countLine(rows)}`,
    "",
    "![How many times better than raw Docker, row by row](performance.svg)",
    "",
    line(tableHeading),
    line(tableHeading.map(() => "---")),
    ...rows.map((row) => line(tableCells(row))),
    end,
  ].join("\n");
}

/** Puts a section in the place of the one that is there. @throws Error when the page has no marks */
export function withSection(page: string, section: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks ${begin} or ${end}.`);
  return page.slice(0, from) + section + page.slice(to + end.length);
}

/** Writes the section and its chart. */
export async function writePerformancePage(rows: readonly Row[], report: BenchReport): Promise<void> {
  const file = path.join(docs, "performance.md");
  await writeFile(file, withSection(await readFile(file, "utf8"), performanceSection(rows, report)));
  await writeFile(path.join(docs, "performance.svg"), chart(rows));
}
