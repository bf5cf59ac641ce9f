import { BerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import type { TestsGraderSpec } from "../../model/grader.ts";
import { applyChangeSet } from "../change-set/apply.ts";
import type { GradingContext, GradingSandbox, HiddenFile } from "../grader.ts";
import { canarySource } from "./canary.ts";
import type { Framework, RunPlan } from "./framework.ts";
import { runCommand, type CommandRun } from "./run-command.ts";
import { screenChangeSet, type Screened } from "./screen.ts";
import { exists, place, readText } from "./workspace-files.ts";

export interface AttemptRequest {
  readonly spec: TestsGraderSpec;
  readonly context: GradingContext;
  readonly framework: Framework;
  readonly hiddenFiles: readonly HiddenFile[];
  readonly ids: IdSource;
  /** The rollout's, or an empty one to see how the task does without a policy. */
  readonly changeSet: ChangeSet;
}

export type Attempt =
  | { readonly kind: "ran"; readonly plan: RunPlan; readonly screened: Screened; readonly run: CommandRun }
  /** The run broke after the change set was let in; whether it is to blame, a run without it tells. */
  | { readonly kind: "died"; readonly error: BerthError };

/** One run in one clean sandbox: change set, hidden files over it, the runner's files over both, the command. */
export async function attemptRun(request: AttemptRequest): Promise<Attempt> {
  const { signal } = request.context;
  await using sandbox = await request.context.openSandbox();
  try {
    return await runIn(sandbox, request);
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof BerthError)) throw thrown;
    return { kind: "died", error: thrown };
  }
}

async function runIn(
  sandbox: GradingSandbox,
  { spec, context, framework, hiddenFiles, ids, changeSet }: AttemptRequest,
): Promise<Attempt> {
  const { signal } = context;
  const options = { signal };
  const { guest } = sandbox;
  const readFile = (path: string) => readText(guest, path, options);
  const inBase = (path: string) => exists(guest, path, options);

  const screened = await screenChangeSet({ changeSet, spec, framework, hiddenFiles, readBase: readFile, inBase });
  screened.changeSet.refused.push(...(await applyChangeSet(guest, screened.changeSet, signal)));
  for (const file of hiddenFiles) await place(guest, file, options);

  const plan = await framework.plan({
    command: spec.command,
    workdir: sandbox.workdir,
    folder: `.berth-${ids.hex(8)}`,
    env: sandbox.env,
    hiddenFiles,
    required: [...spec.fail_to_pass, ...spec.pass_to_pass],
    canaries: spec.canaries && !framework.selectsByName.test(spec.command) ? canarySource(ids) : undefined,
    readFile,
  });
  for (const { path, content } of plan.files) {
    const hidden = hiddenFiles.find((file) => file.path === path);
    await place(guest, { path, content: Buffer.from(content), executable: hidden?.executable ?? false }, options);
  }
  const timeoutMs = context.environment.budget.grading_seconds * 1000;
  return { kind: "ran", plan, screened, run: await runCommand(sandbox, plan, { timeoutMs, signal, ids }) };
}

/** Whether the shell could not start the command at all, before any test could report. */
export const couldNotStart = ({ result, report }: CommandRun): boolean =>
  result.outcome.type === "exited" &&
  (result.outcome.code === 126 || result.outcome.code === 127) &&
  (report?.length ?? 0) === 0;
