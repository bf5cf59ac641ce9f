import { readFile, writeFile } from "node:fs/promises";
import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { Attack } from "./attack.ts";

const heading = "## Evidence";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** The section that a whole run writes at the end of docs/security.md. */
export function evidenceSection(
  attacks: readonly Attack[],
  backends: readonly string[],
  rows: readonly EvidenceRow[],
): string {
  const reasons: string[] = [];
  const shown = (attack: Attack, backend: string): string => {
    const row = rows.find((candidate) => candidate.case === attack.id && candidate.backend === backend);
    if (row === undefined) return "not run";
    const reason = /^not applicable: (.*)$/s.exec(row.result)?.[1];
    if (reason === undefined) return row.ok ? "held" : "**not held**";
    if (!reasons.includes(reason)) reasons.push(reason);
    return `n/a ${reasons.indexOf(reason) + 1}`;
  };
  const lines = attacks.map((attack) => [
    `\`${attack.id}\``,
    attack.title,
    attack.defences.join(", "),
    ...backends.map((backend) => shown(attack, backend)),
  ]);
  const heads = ["case", "what is tried", "held by", ...backends];
  return [
    heading,
    "",
    `Written by \`UPDATE_DOCS=1 make attacks\`: ${attacks.length} attacks. *held* means that the attack failed against everything, and that the same attack`,
    "reached its goal where what holds it was taken away.",
    "",
    `| ${heads.join(" | ")} |`,
    `|${" --- |".repeat(heads.length)}`,
    ...lines.map((line) => `| ${line.map(cell).join(" | ")} |`),
    "",
    ...reasons.map((reason, index) => `${index + 1}. n/a: ${cell(reason)}`),
    "",
  ].join("\n");
}

/** Puts the section in the place of the one before. */
export async function writeEvidenceSection(file: string, section: string): Promise<void> {
  const text = await readFile(file, "utf8");
  const at = text.indexOf(`\n${heading}\n`);
  if (at === -1) throw new Error(`${file} has no section ${heading}`);
  await writeFile(file, text.slice(0, at + 1) + section);
}
