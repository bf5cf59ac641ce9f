import type { TestFramework } from "../../model/graders/tests.ts";
import type { Canary, CanarySource } from "./canary.ts";
import type { TestReport } from "./test-report.ts";
import type { PlannedCommand } from "../clean-run/run-command.ts";
import type { HiddenFile } from "../grader.ts";

/** What a framework needs to know to prepare one run of a task's command. */
export interface RunRequest {
  /** As the task wrote it. */
  readonly command: string;
  /** The workspace, an absolute path. */
  readonly workdir: string;
  /** A folder of the grading sandbox for this run alone, relative to the workspace, of an unguessable name. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly hiddenFiles: readonly HiddenFile[];
  /** Files of the change set that crossed, each with the text of the snapshot's where that has one. */
  readonly changed: readonly { readonly path: string; readonly base: string | undefined }[];
  /** Every id that must pass. */
  readonly required: readonly string[];
  /** Present when the task did not switch canaries off and no sign in the command speaks against them. */
  readonly canaries: CanarySource | undefined;
  /** The clean content of a file of the workspace; undefined when there is none. */
  readonly readFile: (path: string) => Promise<string | undefined>;
}

/** How the task's command is run so that it reports. */
export interface RunPlan extends PlannedCommand {
  /** Written after the hidden files, and over them. */
  readonly files: readonly { readonly path: string; readonly content: string }[];
  readonly canaries: readonly Canary[];
  /** False where a canary that fails changes the command's exit code. */
  readonly exitCodeHolds: boolean;
}

/** One test runner: how its report is asked for and read. */
export interface Framework {
  readonly name: TestFramework;
  /** The command that is recognised when the task names no framework. */
  readonly command: RegExp;
  /** Globs of files that are tests, whoever wrote them. */
  readonly testFiles: readonly string[];
  /** Options that pick tests by name: with them a canary would not run. */
  readonly selectsByName: RegExp;
  /** The file that an id names, where ids name files. */
  fileOf(id: string): string | undefined;
  plan(request: RunRequest): Promise<RunPlan>;
  /** Reads attacker data; never throws. */
  parse(report: Buffer): TestReport;
}
