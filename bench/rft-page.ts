import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { loadCells, loadHeading } from "../src/cli/rft-report.ts";
import type { Evidence } from "../src/core/evidence.ts";
import type { LoadPlan, LoadResult } from "../src/dialects/agent-rft/stand-in/load.ts";

const page = path.resolve(import.meta.dirname, "../docs/agent-rft.md");
const begin = "<!-- rft-load:begin -->";
const end = "<!-- rft-load:end -->";

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** What stands between the marks of docs/agent-rft.md. */
export function loadSection(result: LoadResult, plan: LoadPlan, report: Evidence): string {
  const { cpus, memory_mb, node } = report.machine;
  const machine = `${cpus} cores, ${Math.round(memory_mb / 1024)} GiB, Node ${node.replace(/^v/, "")}`;
  return [
    begin,
    `Measured on ${report.started_at.slice(0, 10)} on oci by \`make rft-load\`: ${machine}, shared by the trainer's stand-in and the sandboxes. ` +
      `${plan.rollouts} rollouts began in one second, each rate was held for ${plan.seconds} s, ${plan.gradesPerSecond} grades a second were asked for; ` +
      `${result.discarded} rollouts would have been thrown away. Times run from the moment at which a request was due.`,
    "",
    line(loadHeading),
    line(loadHeading.map(() => "---")),
    ...loadCells(result).map(line),
    end,
  ].join("\n");
}

/** Puts the section in the place of the one that is there. @throws Error when the page has no marks */
export async function writeLoadSection(section: string): Promise<void> {
  const text = await readFile(page, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/agent-rft.md lacks ${begin} or ${end}.`);
  await writeFile(page, text.slice(0, from) + section + text.slice(to + end.length));
}
