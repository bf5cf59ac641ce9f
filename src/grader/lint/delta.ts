import type { Finding } from "./lint-report.ts";

export interface NewFindings {
  readonly path: string;
  readonly rule: string;
  readonly unreadable: boolean;
  /** How many more of the rule there are in the file than on the base. */
  readonly count: number;
}

/** What the changes added, by file and rule; findings that went away elsewhere pay for nothing. */
export function newFindings(base: readonly Finding[], head: readonly Finding[]): NewFindings[] {
  const before = counted(base);
  return [...counted(head)]
    .map(([key, { finding, count }]) => ({ ...finding, count: count - (before.get(key)?.count ?? 0) }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count);
}

function counted(findings: readonly Finding[]): Map<string, { finding: Finding; count: number }> {
  const counts = new Map<string, { finding: Finding; count: number }>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.path, finding.rule]);
    const entry = counts.get(key);
    if (entry === undefined) counts.set(key, { finding, count: 1 });
    else entry.count += 1;
  }
  return counts;
}
