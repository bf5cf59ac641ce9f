import type { ExecOutcome } from "../../model/tool-call.ts";
import type { LinterName } from "../../model/graders/lint.ts";
import type { LintReport } from "./lint-report.ts";

export interface LintCommand {
  /** For the shell. */
  readonly program: string;
  /** Relative to the workspace; undefined to let the linter find the snapshot's. */
  readonly config: string | undefined;
  /** Quoted for the shell; the linter's usual ones where the task names none. */
  readonly paths: string;
}

/** One linter: how it is asked for a report that a machine can read, and how that is read. */
export interface Linter {
  readonly name: LinterName;
  readonly program: string;
  readonly paths: readonly string[];
  /** The name of its configuration file, behind a prefix of ours. */
  readonly configName: string;
  /** Globs of its configuration, which never comes from the policy. */
  readonly configFiles: readonly string[];
  /** Globs of the files that it reads. */
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Comments that hide findings, wherever they stand in a line. */
  readonly suppression: RegExp;
  /** Text without what hides findings, each character in its place; left out where the linter can be told to ignore it all. */
  readonly defuse?: (text: string) => string;
  /** Marks that put code out of the linter's reach, each a finding of its own. */
  readonly evasions?: RegExp;
  command(how: LintCommand): string;
  /** Never throws. */
  parse(report: Buffer, about: { readonly outcome: ExecOutcome; readonly workdir: string }): LintReport;
}
