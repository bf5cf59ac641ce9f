import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Evidence } from "../../src/core/evidence.ts";
import { plots } from "./plots.ts";
import type { Sample } from "./sample.ts";

const begin = "<!-- soak:begin -->";
const end = "<!-- soak:end -->";

interface SoakReport extends Evidence {
  readonly load: { readonly rollouts: number; readonly minutes: number; readonly at_once: number };
  readonly samples: readonly Sample[];
}

/** What stands between the marks of docs/reliability.md. */
function soakSection({ started_at, machine, load, rows }: SoakReport): string {
  const line = (cells: readonly string[]) => `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    begin,
    `Measured on ${started_at.slice(0, 10)}: ${load.rollouts} rollouts in ${load.minutes} minutes, at most ${load.at_once} at once, on ${machine.cpus} cores, ${Math.round(machine.memory_mb / 1024)} GiB, ${machine.os}, Node ${machine.node.replace(/^v/, "")}; other work ran on the machine.`,
    "",
    "![What a controller takes of its machine during a soak](reliability.svg)",
    "",
    line(["what", "result", "allowed"]),
    line(["---", "---", "---"]),
    ...rows.map((row) => line([row.case, row.result, row.expected])),
    end,
  ].join("\n");
}

/** Writes the section and its plots. @throws Error when the page has no marks */
export async function writeReliabilityPage(docs: string, report: SoakReport): Promise<void> {
  const file = join(docs, "reliability.md");
  const page = await readFile(file, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/reliability.md lacks ${begin} or ${end}.`);
  await writeFile(file, page.slice(0, from) + soakSection(report) + page.slice(to + end.length));
  await writeFile(join(docs, "reliability.svg"), plots(report.samples));
}
