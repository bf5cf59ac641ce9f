import { readFile, writeFile } from "node:fs/promises";
import type { EvidenceRow } from "../../src/core/evidence.ts";
import { backendNames } from "./backend.ts";
import { phases, type Fault } from "./fault.ts";

const heading = "## Evidence";

/** The page whose last section a whole run writes. */
export const phasesPage = new URL("../../docs/failure-phases.md", import.meta.url).pathname;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** The cells of one fault that do not depend on a run. */
export const faultCells = ({ id, what, expected }: Fault): string =>
  `| \`${id}\` | ${cell(what)} | ${cell(expected)} |`;

/** Phase by phase: what died, what the caller saw, and what was counted on each provider. */
export function evidenceSection(faults: readonly Fault[], rows: readonly EvidenceRow[]): string {
  const counted = (fault: Fault, backend: string): string => {
    const row = rows.find((candidate) => candidate.case === fault.id && candidate.backend === backend);
    if (row === undefined) return "";
    const counts = ["leaks", "lost_records", "double_executions"].map((name) => String(row[name])).join(" / ");
    return row.ok ? counts : `**${counts}**`;
  };
  const lines = phases.flatMap((phase) =>
    faults
      .filter((fault) => fault.phase === phase)
      .map((fault) => `${faultCells(fault)} ${backendNames.map((backend) => counted(fault, backend)).join(" | ")} |`),
  );
  return [
    heading,
    "",
    `Written by \`UPDATE_DOCS=1 make faults\`: ${rows.length} rows. What is counted is leaks / lost records / double executions; nothing is counted where the`,
    "fault means nothing to a provider, or takes minutes and is brought about by `make faults ARGS=--slow` alone.",
    "",
    `| case | what dies | the caller sees | ${backendNames.join(" | ")} |`,
    `|${" --- |".repeat(3 + backendNames.length)}`,
    ...lines,
    "",
  ].join("\n");
}

/** Puts the section in the place of the one before. */
export async function writeEvidenceSection(section: string): Promise<void> {
  const text = await readFile(phasesPage, "utf8");
  const at = text.indexOf(`\n${heading}\n`);
  if (at === -1) throw new Error(`${phasesPage} has no section ${heading}`);
  await writeFile(phasesPage, text.slice(0, at + 1) + section);
}
