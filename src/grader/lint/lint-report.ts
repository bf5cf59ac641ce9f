/** One thing that a linter found. */
export interface Finding {
  /** Relative to the workspace; empty for what belongs to no file. */
  readonly path: string;
  readonly rule: string;
  /** The file, or more, could not be read as code, so that nothing else was found there. */
  readonly unreadable: boolean;
}

/** What a linter reported, or why it reported nothing that counts. The text is attacker data as far as names and messages go. */
export type LintReport = { readonly findings: readonly Finding[] } | { readonly trouble: string };

export const lintLimits = { findings: 200_000, pathCharacters: 4096, ruleCharacters: 256 } as const;

/** Findings within the limits, with paths relative to the workspace. */
export function lintReport(found: readonly Finding[], workdir: string): LintReport {
  if (found.length > lintLimits.findings)
    return { trouble: `the linter found more than ${lintLimits.findings} things` };
  const findings = found.map(({ path, rule, unreadable }) => ({
    path: relativeTo(workdir, path).slice(0, lintLimits.pathCharacters),
    rule: rule.slice(0, lintLimits.ruleCharacters),
    unreadable,
  }));
  return { findings };
}

const relativeTo = (workdir: string, path: string): string => {
  const plain = path.startsWith(`${workdir}/`) ? path.slice(workdir.length + 1) : path;
  return plain.replace(/^(?:\.\/)+/, "");
};
