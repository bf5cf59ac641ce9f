import { isUtf8 } from "node:buffer";
import type { IdSource } from "../../core/ids.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import type { LintGraderSpec } from "../../model/graders/lint.ts";
import { applyChangeSet } from "../change-set/apply.ts";
import { matcher } from "../change-set/filter.ts";
import { attempt, type Attempt } from "../clean-run/attempt.ts";
import { quoted } from "../clean-run/quoted.ts";
import { runCommand, type CommandRun } from "../clean-run/run-command.ts";
import { screenForRun } from "../clean-run/screen.ts";
import { place, readText } from "../clean-run/workspace-files.ts";
import type { GradingContext, GradingSandbox, HiddenFile } from "../grader.ts";
import type { Finding, LintReport } from "./lint-report.ts";
import type { Linter } from "./linter.ts";

export interface LintRunRequest {
  readonly spec: LintGraderSpec;
  readonly context: GradingContext;
  readonly linter: Linter;
  readonly hiddenFiles: readonly HiddenFile[];
  readonly ids: IdSource;
  /** Whether the change set is applied, or the snapshot linted as it is. */
  readonly changed: boolean;
}

export interface LintRun {
  readonly run: CommandRun;
  readonly report: LintReport;
  /** Comments that would have hidden findings, in the files that the policy wrote, as they are in this run. */
  readonly suppressions: number;
  readonly changeSet: ChangeSet;
  readonly flags: ReadonlySet<string>;
}

/** One run of a linter in a clean sandbox, with the task's configuration and none of the policy's. */
export const lintRun = (request: LintRunRequest): Promise<Attempt<LintRun>> =>
  attempt(request.context, (sandbox) => runIn(sandbox, request));

async function runIn(sandbox: GradingSandbox, request: LintRunRequest): Promise<LintRun> {
  const { spec, context, linter, hiddenFiles, ids, changed } = request;
  const { guest } = sandbox;
  const options = { signal: context.signal };
  const readBase = (path: string) => readText(guest, path, options);
  const program = spec.program ?? linter.program;
  const { changeSet, flags } = await screenForRun({
    changeSet: context.changeSet,
    allow: spec.allow,
    command: program,
    hiddenFiles,
    steering: { globs: linter.configFiles, flag: "touched_linter_config" },
    readBase,
  });

  const isRead = matcher(linter.files);
  const looked = changeSet.written.filter(({ path }) => isRead(path));
  const texts = changed ? looked.map(textOf) : await baseTexts(looked, readBase);
  if (changed) changeSet.refused.push(...(await applyChangeSet(guest, changeSet, context.signal)));
  await defuse(texts, linter, (path, text) => placeOver(path, text, request, sandbox));
  for (const file of hiddenFiles) await place(guest, file, options);

  const config = spec.config === undefined ? undefined : `.berth-${ids.hex(8)}-${linter.configName}`;
  if (config !== undefined && spec.config !== undefined)
    await place(guest, { path: config, content: Buffer.from(spec.config), executable: false }, options);

  const paths = (spec.paths ?? linter.paths).map(quoted).join(" ");
  const run = await runCommand(
    sandbox,
    {
      command: `PATH="$PWD/node_modules/.bin:$PATH"\n${linter.command({ program, config, paths })}`,
      env: { ...sandbox.env, NO_COLOR: "1", ...linter.env },
      report: { from: "stdout" },
    },
    { timeoutMs: context.environment.budget.grading_seconds * 1000, signal: context.signal, ids },
  );
  const suppressions = texts.reduce((sum, { text }) => sum + (text.match(linter.suppression)?.length ?? 0), 0);
  return {
    run,
    report: readReport(run, { linter, texts, workdir: sandbox.workdir, config }),
    suppressions,
    changeSet,
    flags,
  };
}

interface SourceText {
  readonly path: string;
  readonly text: string;
  /** UTF-8 without zero bytes. What is not may be another text to the linter than to us. */
  readonly plain: boolean;
}

function textOf({ path, content }: ChangeSet["written"][number]): SourceText {
  const bytes = Buffer.from(content, "base64");
  return { path, text: bytes.toString("utf8"), plain: isUtf8(bytes) && !bytes.includes(0) };
}

async function baseTexts(
  written: ChangeSet["written"],
  readBase: (path: string) => Promise<string | undefined>,
): Promise<SourceText[]> {
  const texts: SourceText[] = [];
  for (const { path } of written) {
    const text = await readBase(path);
    if (text !== undefined) texts.push({ path, text, plain: !/[\0\ufffd]/.test(text) });
  }
  return texts;
}

/** The same is done to a file of the snapshot and to what the policy made of it, so that only the difference counts. */
async function defuse(
  texts: readonly SourceText[],
  linter: Linter,
  write: (path: string, text: string) => Promise<void>,
): Promise<void> {
  for (const { path, text } of texts) {
    const defused = linter.defuse?.(text) ?? text;
    if (defused !== text) await write(path, defused);
  }
}

async function placeOver(
  path: string,
  text: string,
  { context, hiddenFiles }: LintRunRequest,
  { guest }: GradingSandbox,
): Promise<void> {
  if (hiddenFiles.some((file) => file.path === path)) return;
  const content = Buffer.from(text);
  await place(guest, { path, content, executable: false }, { signal: context.signal });
}

interface ReportRequest {
  readonly linter: Linter;
  readonly texts: readonly SourceText[];
  readonly workdir: string;
  /** Ours, of which nothing is told. */
  readonly config: string | undefined;
}

function readReport(run: CommandRun, { linter, texts, workdir, config }: ReportRequest): LintReport {
  const { outcome } = run.result;
  if (run.report === undefined) return { trouble: run.reportFault ?? "there is no report" };
  const report = linter.parse(run.report, { outcome, workdir });
  if ("trouble" in report) return report;
  const { evasions } = linter;
  const strange = texts
    .filter(({ plain }) => !plain)
    .map(({ path }): Finding => ({ path, rule: "not UTF-8", unreadable: true }));
  const evading = texts.flatMap(({ path, text }): Finding[] =>
    (evasions === undefined ? [] : (text.match(evasions) ?? [])).map(() => ({
      path,
      rule: "out of reach",
      unreadable: false,
    })),
  );
  return { findings: [...report.findings.filter((found) => found.path !== config), ...strange, ...evading] };
}
