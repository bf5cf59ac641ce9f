import type { Leak } from "../sandbox/leaks.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
] as const;

/** `3 d`, `5 h`, `12 m` or `40 s`. */
function ageInWords(seconds: number): string {
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** A leak for programs. */
export const leakReport = ({ kind, id, owner, sinceMs, why, remedy, harmless }: Leak, nowMs: number) => ({
  kind,
  id,
  owner,
  age_seconds: sinceMs === null ? null : Math.max(0, Math.round((nowMs - sinceMs) / 1000)),
  why,
  remedy,
  harmless,
});

type Report = ReturnType<typeof leakReport>;

const row = ({ kind, id, owner, age_seconds, why, remedy }: Report): string[] => [
  kind,
  id,
  owner?.slice(0, 8) ?? "-",
  age_seconds === null ? "-" : ageInWords(age_seconds),
  why,
  remedy,
];

/** What is left over and what removes it; then what costs nothing, by its kind alone. */
export function printLeaks(terminal: Terminal, reports: readonly Report[]): void {
  const leaks = reports.filter(({ harmless }) => !harmless);
  if (leaks.length === 0) terminal.out("Nothing is left over.");
  else terminal.out(table(["kind", "id", "owner", "age", "why", "what removes it"], leaks.map(row), 80));
  const harmless = Map.groupBy(
    reports.filter((report) => report.harmless),
    ({ kind }) => kind,
  );
  for (const [kind, some] of harmless)
    terminal.out(`Harmless: ${some.length} × ${kind}, such as ${some[0]?.id}: ${some[0]?.why}.`);
}
