import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentRun } from "../../agent/run-agent.ts";
import { summarise } from "../../agent/summary.ts";
import type { AgentTask } from "../../agent/agent-task.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** Rows of the table; all of them are in the file. */
const mostRows = 50;

export function agentReport(
  run: AgentRun,
  { tasks, model, api, threshold }: { tasks: readonly AgentTask[]; model: string; api: string; threshold: number },
) {
  const ids = tasks.map(({ id }) => id);
  return {
    run: run.run,
    model,
    api,
    started_at: run.started_at,
    finished_at: new Date().toISOString(),
    complete: run.complete,
    ...summarise(ids, run.results, threshold),
    samples: run.results,
  };
}
export type AgentReport = ReturnType<typeof agentReport>;

/** Whole or not at all; gives the path. */
export async function writeAgentReport(folder: string, report: AgentReport): Promise<string> {
  const path = join(folder, "results.json");
  await writeFile(`${path}.partial`, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.partial`, path);
  return path;
}

const figure = (value: number | null): string => (value === null ? "-" : value.toFixed(3));
const counts = (tally: Readonly<Record<string, number>>): string =>
  Object.entries(tally)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

export function printAgentReport(terminal: Terminal, { summary, tasks, complete }: AgentReport): void {
  const rows = tasks.map((task) => [
    task.task,
    `${task.scored}/${task.samples}`,
    `${task.passed}`,
    figure(task.mean_reward),
    figure(task.reward_variance),
  ]);
  terminal.out(table(["task", "scored", "passed", "mean", "variance"], rows.slice(0, mostRows)));
  if (rows.length > mostRows) terminal.out(`and ${rows.length - mostRows} more`);
  const passAt = Object.entries(summary.pass_at).map(([k, chance]) => `pass@${k} ${chance.toFixed(3)}`);
  terminal.out(
    [
      "",
      `${passAt.join("  ") || "nothing was scored"}  (a reward of ${summary.pass_threshold} passes)`,
      `mean reward ${figure(summary.mean_reward)}  variance within tasks ${figure(summary.reward_variance)}`,
      `${summary.scored} of ${summary.samples} samples scored`,
      ...(summary.unscored > 0
        ? [`unscored, in no mean: ${counts(summary.unscored_by_cause)} (${counts(summary.unscored_by_code)})`]
        : []),
      `turns ended: ${counts(summary.stops) || "none"}`,
      `${summary.tool_calls} tool calls, ${summary.tool_errors} of them refused or failed`,
      `${summary.usage.input} input tokens (${summary.usage.cached_input} cached), ${summary.usage.output} output tokens`,
      ...(summary.cost === null ? [] : [`cost $${summary.cost.toFixed(4)}`]),
      ...(complete ? [] : ["not complete: the budget of the run is used up"]),
    ].join("\n"),
  );
}
