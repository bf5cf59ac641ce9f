import { BerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import type { TestsGraderSpec } from "../../model/grader.ts";
import { applyChangeSet } from "../change-set/apply.ts";
import type { GradingContext } from "../grader.ts";
import { canarySource } from "./canary.ts";
import type { Framework, RunPlan } from "./framework.ts";
import { runCommand, type CommandRun } from "./run-command.ts";
import { screenChangeSet, type Screened } from "./screen.ts";
import { exists, place, readText } from "./workspace-files.ts";

export interface AttemptRequest {
  readonly spec: TestsGraderSpec;
  readonly context: GradingContext;
  readonly framework: Framework;
  readonly ids: IdSource;
  /** The rollout's, or an empty one to see how the task does without a policy. */
  readonly changeSet: ChangeSet;
}

export type Attempt =
  | { readonly kind: "ran"; readonly plan: RunPlan; readonly screened: Screened; readonly run: CommandRun }
  /** The sandbox stopped answering after code of the change set could run. */
  | { readonly kind: "died"; readonly screened: Screened; readonly error: BerthError };

/** What a sandbox that was brought down from inside looks like. */
const deaths: ReadonlySet<string> = new Set(["sandbox_lost", "guest_protocol", "deadline_exceeded", "outcome_unknown"]);

/** One run in one clean sandbox: change set, hidden files over it, the runner's files over both, the command. */
export async function attemptRun({ spec, context, framework, ids, changeSet }: AttemptRequest): Promise<Attempt> {
  const { signal, hiddenFiles } = context;
  const options = { signal };
  await using sandbox = await context.openSandbox();
  const { guest } = sandbox;

  const readFile = (path: string) => readText(guest, path, options);
  const inBase = (path: string) => exists(guest, path, options);
  const screened = await screenChangeSet({ changeSet, spec, framework, hiddenFiles, readBase: readFile, inBase });
  const notApplied = await applyChangeSet(guest, screened.changeSet, signal);
  screened.changeSet.refused.push(...notApplied);
  for (const file of hiddenFiles) await place(guest, file, options);

  const canaries = spec.canaries && !framework.selectsByName.test(spec.command) ? canarySource(ids) : undefined;
  const plan = await framework.plan({
    command: spec.command,
    workdir: sandbox.workdir,
    folder: `.berth-${ids.hex(8)}`,
    env: sandbox.env,
    hiddenFiles,
    required: [...spec.fail_to_pass, ...spec.pass_to_pass],
    canaries,
    readFile,
  });
  for (const { path, content } of plan.files) {
    const hidden = hiddenFiles.find((file) => file.path === path);
    await place(guest, { path, content: Buffer.from(content), executable: hidden?.executable ?? false }, options);
  }
  try {
    const timeoutMs = context.environment.budget.grading_seconds * 1000;
    return { kind: "ran", plan, screened, run: await runCommand(sandbox, plan, { timeoutMs, signal, ids }) };
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof BerthError) || !deaths.has(thrown.code)) throw thrown;
    return { kind: "died", screened, error: thrown };
  }
}

/** Whether the shell could not start the command at all, before any test could report. */
export const couldNotStart = ({ result, report }: CommandRun): boolean =>
  result.outcome.type === "exited" && (result.outcome.code === 126 || result.outcome.code === 127) && (report?.length ?? 0) === 0;
