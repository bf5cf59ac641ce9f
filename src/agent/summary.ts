import { addUsage } from "./prices.ts";
import type { Usage } from "./model/agent-model.ts";
import type { SampleResult } from "./sample-result.ts";

type Scored = Extract<SampleResult, { status: "scored" }>;

/** The samples of one task. Rewards are of the scored ones alone. */
export interface TaskSummary {
  readonly task: string;
  readonly samples: number;
  readonly scored: number;
  /** Scored samples whose reward reaches the threshold. */
  readonly passed: number;
  readonly mean_reward: number | null;
  /** Of the population; 0 means that a trainer learns nothing from this task. */
  readonly reward_variance: number | null;
}

export interface RunSummary {
  readonly tasks: number;
  /** Tasks of which no sample was scored: they are in no mean. */
  readonly tasks_without_score: number;
  readonly samples: number;
  readonly scored: number;
  readonly unscored: number;
  /** Of the unscored samples. */
  readonly unscored_by_cause: Readonly<Record<string, number>>;
  readonly unscored_by_code: Readonly<Record<string, number>>;
  readonly pass_threshold: number;
  /**
   * Chance that at least one of k samples passes, by k, without bias from n scored samples of which c passed: 1 - C(n-c, k) / C(n, k); the mean
   * over the tasks with at least k scored samples.
   */
  readonly pass_at: Readonly<Record<string, number>>;
  /** The mean over tasks of their mean. */
  readonly mean_reward: number | null;
  /** The mean over tasks of their variance. */
  readonly reward_variance: number | null;
  /** How the policy's turns ended, of the scored samples. */
  readonly stops: Readonly<Record<string, number>>;
  readonly tool_calls: number;
  readonly tool_errors: number;
  readonly usage: Usage;
  /** Dollars; null without a price. */
  readonly cost: number | null;
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

function varianceOf(values: readonly number[]): number | null {
  const middle = mean(values);
  return middle === null ? null : mean(values.map((value) => (value - middle) ** 2));
}

/** 1 - C(n-c, k) / C(n, k), as a product, so that nothing overflows. */
export function passAt(n: number, c: number, k: number): number {
  if (n - c < k) return 1;
  let miss = 1;
  for (let i = n - c + 1; i <= n; i++) miss *= 1 - k / i;
  return 1 - miss;
}

const tally = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

const present = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);

function summaryOfTask(task: string, samples: readonly SampleResult[], threshold: number): TaskSummary {
  const rewards = samples.filter((one): one is Scored => one.status === "scored").map(({ reward }) => reward);
  return {
    task,
    samples: samples.length,
    scored: rewards.length,
    passed: rewards.filter((reward) => reward >= threshold).length,
    mean_reward: mean(rewards),
    reward_variance: varianceOf(rewards),
  };
}

/** The tasks in their order, and all of them together. `threshold`: the least reward that passes. */
export function summarise(
  tasks: readonly string[],
  results: readonly SampleResult[],
  threshold: number,
): { summary: RunSummary; tasks: TaskSummary[] } {
  const byTask = new Map<string, SampleResult[]>(tasks.map((task) => [task, []]));
  for (const result of results) byTask.get(result.task)?.push(result);
  const each = [...byTask].map(([task, samples]) => summaryOfTask(task, samples, threshold));
  const counted = [...byTask.values()].flat();
  const scored = counted.filter((one) => one.status === "scored");
  const unscored = counted.filter((one) => one.status === "unscored");
  const most = Math.max(0, ...each.map((task) => task.scored));
  const passes = Array.from({ length: most }, (_, index) => {
    const k = index + 1;
    const chances = each.filter((task) => task.scored >= k).map((task) => passAt(task.scored, task.passed, k));
    return [k, mean(chances) ?? 0];
  });
  const costs = present(counted.map(({ cost }) => cost));
  return {
    summary: {
      tasks: tasks.length,
      tasks_without_score: each.filter((task) => task.scored === 0).length,
      samples: counted.length,
      scored: scored.length,
      unscored: unscored.length,
      unscored_by_cause: tally(unscored.map(({ cause }) => cause)),
      unscored_by_code: tally(unscored.map(({ code }) => code)),
      pass_threshold: threshold,
      pass_at: Object.fromEntries(passes) as Record<string, number>,
      mean_reward: mean(present(each.map((task) => task.mean_reward))),
      reward_variance: mean(present(each.map((task) => task.reward_variance))),
      stops: tally(scored.map(({ stop }) => stop)),
      tool_calls: counted.reduce((sum, one) => sum + one.tool_calls, 0),
      tool_errors: counted.reduce((sum, one) => sum + one.tool_errors, 0),
      usage: counted.reduce((sum, one) => addUsage(sum, one.usage), { input: 0, cached_input: 0, output: 0 }),
      cost: costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0),
    },
    tasks: each,
  };
}
