import type { IdSource } from "../../core/ids.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import type { TestsGraderSpec } from "../../model/graders/tests.ts";
import { applyChangeSet } from "../change-set/apply.ts";
import { attempt, type Attempt } from "../clean-run/attempt.ts";
import { runCommand, type CommandRun } from "../clean-run/run-command.ts";
import { exists, place, readText } from "../clean-run/workspace-files.ts";
import type { GradingContext, GradingSandbox, HiddenFile } from "../grader.ts";
import { canarySource } from "./canary.ts";
import type { Framework, RunPlan } from "./framework.ts";
import { screenChangeSet, type Screened } from "./screen.ts";

export interface AttemptRequest {
  readonly spec: TestsGraderSpec;
  readonly context: GradingContext;
  readonly framework: Framework;
  readonly hiddenFiles: readonly HiddenFile[];
  readonly ids: IdSource;
  /** The rollout's, or an empty one to see how the task does without a policy. */
  readonly changeSet: ChangeSet;
}

interface TestRun {
  readonly plan: RunPlan;
  readonly screened: Screened;
  readonly run: CommandRun;
}

/** One run in one clean sandbox: change set, hidden files over it, the runner's files over both, the command. */
export const attemptRun = (request: AttemptRequest): Promise<Attempt<TestRun>> =>
  attempt(request.context, (sandbox) => runIn(sandbox, request));

async function runIn(
  sandbox: GradingSandbox,
  { spec, context, framework, hiddenFiles, ids, changeSet }: AttemptRequest,
): Promise<TestRun> {
  const { signal } = context;
  const options = { signal };
  const { guest } = sandbox;
  const readFile = (path: string) => readText(guest, path, options);
  const baseOf = (path: string) => (path.endsWith(".py") ? readFile(path) : Promise.resolve(undefined));
  const inBase = (path: string) => exists(guest, path, options);

  const screened = await screenChangeSet({ changeSet, spec, framework, hiddenFiles, readBase: readFile, inBase });
  const changed: { path: string; base: string | undefined }[] = [];
  for (const { path } of screened.changeSet.written) changed.push({ path, base: await baseOf(path) });
  screened.changeSet.refused.push(...(await applyChangeSet(guest, screened.changeSet, signal)));
  for (const file of hiddenFiles) await place(guest, file, options);

  const plan = await framework.plan({
    command: spec.command,
    workdir: sandbox.workdir,
    folder: `.berth-${ids.hex(8)}`,
    env: sandbox.env,
    hiddenFiles,
    changed,
    required: [...spec.fail_to_pass, ...spec.pass_to_pass],
    canaries: spec.canaries && !framework.selectsByName.test(spec.command) ? canarySource(ids) : undefined,
    readFile,
  });
  for (const { path, content } of plan.files) {
    const hidden = hiddenFiles.find((file) => file.path === path);
    await place(guest, { path, content: Buffer.from(content), executable: hidden?.executable ?? false }, options);
  }
  const timeoutMs = context.environment.budget.grading_seconds * 1000;
  return { plan, screened, run: await runCommand(sandbox, plan, { timeoutMs, signal, ids }) };
}
