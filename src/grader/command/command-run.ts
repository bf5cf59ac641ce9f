import type { IdSource } from "../../core/ids.ts";
import type { CommandGraderSpec } from "../../model/graders/command.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import { applyChangeSet } from "../change-set/apply.ts";
import { attempt, type Attempt } from "../clean-run/attempt.ts";
import { runCommand, type CommandRun } from "../clean-run/run-command.ts";
import { screenForRun } from "../clean-run/screen.ts";
import { place, readText } from "../clean-run/workspace-files.ts";
import type { GradingContext, GradingSandbox, HiddenFile } from "../grader.ts";
import { rewardingCommand, toldReward, type ToldReward } from "./reward-line.ts";

export interface CommandRunRequest {
  readonly spec: CommandGraderSpec;
  readonly context: GradingContext;
  readonly hiddenFiles: readonly HiddenFile[];
  readonly ids: IdSource;
  /** The rollout's, or an empty one to see how the task does without a policy. */
  readonly changeSet: ChangeSet;
}

interface RewardRun {
  readonly run: CommandRun;
  readonly told: ToldReward;
  readonly changeSet: ChangeSet;
  readonly flags: ReadonlySet<string>;
}

/** One run in one clean sandbox: change set, what comes before, hidden files, the command. */
export const commandRun = (request: CommandRunRequest): Promise<Attempt<RewardRun>> =>
  attempt(request.context, (sandbox) => runIn(sandbox, request));

async function runIn(
  sandbox: GradingSandbox,
  { spec, context, hiddenFiles, ids, changeSet: given }: CommandRunRequest,
): Promise<RewardRun> {
  const { guest } = sandbox;
  const options = { signal: context.signal };
  const { changeSet, flags } = await screenForRun({
    changeSet: given,
    allow: spec.allow,
    command: `${spec.before ?? ""}\n${spec.command}`,
    hiddenFiles,
    readBase: (path) => readText(guest, path, options),
  });
  changeSet.refused.push(...(await applyChangeSet(guest, changeSet, context.signal)));

  const limits = { timeoutMs: context.environment.budget.grading_seconds * 1000, signal: context.signal, ids };
  const planned = { env: sandbox.env, report: { from: "stdout" } } as const;
  if (spec.before !== undefined) await runCommand(sandbox, { ...planned, command: spec.before }, limits);
  for (const file of hiddenFiles) await place(guest, file, options);

  const key = ids.hex(32);
  const command = rewardingCommand(spec.command);
  const run = await runCommand(sandbox, { ...planned, command, stdin: `${key}\n` }, limits);
  return { run, told: toldBy(run, key), changeSet, flags };
}

function toldBy({ result: { outcome }, report, reportFault }: CommandRun, key: string): ToldReward {
  if (outcome.type === "timed_out") return { fault: "the command ran out of time" };
  if (outcome.type === "oom_killed") return { fault: "the command ran out of memory" };
  if (outcome.type !== "exited") return { fault: "the command did not end by itself" };
  return report === undefined ? { fault: reportFault ?? "there is no output" } : toldReward(report, key);
}
