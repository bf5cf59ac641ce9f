import { readFile, writeFile } from "node:fs/promises";
import type { EvidenceRow } from "../../src/core/evidence.ts";
import { machineBackends, type BackendName } from "./backend.ts";
import { phases, type Fault } from "./fault.ts";

/** A section that one command writes anew. */
export interface EvidenceSection {
  readonly heading: string;
  readonly writtenBy: string;
  /** What an empty cell means. */
  readonly uncounted: string;
  readonly backends: readonly BackendName[];
}

export const onMachines: EvidenceSection = {
  heading: "## Evidence",
  writtenBy: "`UPDATE_DOCS=1 make faults`",
  uncounted:
    "nothing is counted where the\nfault means nothing to a provider, or takes minutes and is brought about by `make faults ARGS=--slow` alone",
  backends: machineBackends,
};

export const onCluster: EvidenceSection = {
  heading: "## Evidence on a cluster",
  writtenBy: "`UPDATE_DOCS=1 make test-k8s`",
  uncounted:
    "nothing is counted where the\nmoment is none of the provider's; what else dies is brought about on one machine",
  backends: ["kubernetes"],
};

/** The page whose last section a whole run writes. */
export const phasesPage = new URL("../../docs/failure-phases.md", import.meta.url).pathname;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** The cells of one fault that do not depend on a run. */
export const faultCells = ({ id, what, expected }: Fault): string =>
  `| \`${id}\` | ${cell(what)} | ${cell(expected)} |`;

/** Phase by phase: what died, what the caller saw, and what was counted on each provider of the section. */
export function evidenceSection(
  section: EvidenceSection,
  faults: readonly Fault[],
  rows: readonly EvidenceRow[],
): string {
  const { heading, writtenBy, uncounted, backends } = section;
  const counted = (fault: Fault, backend: string): string => {
    const row = rows.find((candidate) => candidate.case === fault.id && candidate.backend === backend);
    if (row === undefined) return "";
    const counts = ["leaks", "lost_records", "double_executions"].map((name) => String(row[name])).join(" / ");
    return row.ok ? counts : `**${counts}**`;
  };
  const lines = phases.flatMap((phase) =>
    faults
      .filter((fault) => fault.phase === phase)
      .map((fault) => `${faultCells(fault)} ${backends.map((backend) => counted(fault, backend)).join(" | ")} |`),
  );
  return [
    heading,
    "",
    `Written by ${writtenBy}: ${rows.length} rows. What is counted is leaks / lost records / double executions; ${uncounted}.`,
    "",
    `| case | what dies | the caller sees | ${backends.join(" | ")} |`,
    `|${" --- |".repeat(3 + backends.length)}`,
    ...lines,
    "",
  ].join("\n");
}

/** Writes it in the place of the one before; the page's other sections stay. @throws Error when the page has no such section */
export async function writeEvidenceSection(
  section: EvidenceSection,
  faults: readonly Fault[],
  rows: readonly EvidenceRow[],
): Promise<void> {
  const text = await readFile(phasesPage, "utf8");
  await writeFile(phasesPage, withSection(text, section.heading, evidenceSection(section, faults, rows)));
}

/** The page with another section under the heading. @throws Error when it has none */
export function withSection(page: string, heading: string, section: string): string {
  const at = page.indexOf(`\n${heading}\n`);
  if (at === -1) throw new Error(`The page has no section ${heading}.`);
  const next = page.indexOf("\n## ", at + 1);
  return page.slice(0, at + 1) + section + (next === -1 ? "" : page.slice(next));
}
