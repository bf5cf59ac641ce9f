import fc from "fast-check";
import { expect, test } from "vitest";
import { costOf } from "../../../src/agent/prices.ts";
import type { SampleResult } from "../../../src/agent/sample-result.ts";
import { passAt, summarise } from "../../../src/agent/summary.ts";

const common = {
  sample: 0,
  attempt: 1,
  rollout_id: crypto.randomUUID(),
  turns: 1,
  tool_calls: 2,
  tool_errors: 1,
  usage: { input: 10, cached_input: 5, output: 1 },
  cost: null,
  seconds: 1,
};
const scored = (task: string, reward: number): SampleResult => ({
  ...common,
  task,
  status: "scored",
  reward,
  stop: "answered",
  flags: [],
});
const unscored = (task: string, cause: "infra" | "grader", code: string): SampleResult => ({
  ...common,
  task,
  status: "unscored",
  cause,
  code,
  message: "",
});

test("what is unscored is counted by cause, and is in no mean and no pass@k", () => {
  const results = [
    scored("a", 1),
    scored("a", 0),
    unscored("a", "infra", "sandbox_lost"),
    scored("b", 0),
    unscored("b", "grader", "grader_failed"),
    unscored("c", "infra", "model_timeout"),
  ];
  const { summary, tasks } = summarise(["a", "b", "c"], results, 1);
  expect(tasks[0]).toEqual({ task: "a", samples: 3, scored: 2, passed: 1, mean_reward: 0.5, reward_variance: 0.25 });
  expect(tasks[2]).toMatchObject({ scored: 0, mean_reward: null, reward_variance: null });
  expect(summary).toMatchObject({
    tasks: 3,
    tasks_without_score: 1,
    samples: 6,
    scored: 3,
    unscored: 3,
    unscored_by_cause: { grader: 1, infra: 2 },
    unscored_by_code: { grader_failed: 1, model_timeout: 1, sandbox_lost: 1 },
    pass_at: { "1": 0.25, "2": 1 },
    mean_reward: 0.25,
    reward_variance: 0.125,
    tool_calls: 12,
    tool_errors: 6,
    cost: null,
  });
});

test("nothing scored is no mean at all, and not 0", () => {
  const { summary } = summarise(["a"], [unscored("a", "infra", "sandbox_lost")], 1);
  expect(summary).toMatchObject({ mean_reward: null, reward_variance: null, pass_at: {} });
});

test("pass@k is the share of draws of k samples in which one passes", () => {
  const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(), fc.nat(), (n, c, k) => {
      const [passed, drawn] = [c % (n + 1), 1 + (k % n)];
      const missed = n - passed < drawn ? 0 : choose(n - passed, drawn) / choose(n, drawn);
      expect(passAt(n, passed, drawn)).toBeCloseTo(1 - missed, 9);
    }),
  );
});

test("cached input costs what the table says, and the price of input where it does not", () => {
  const used = { input: 1_000_000, cached_input: 400_000, output: 100_000 };
  expect(costOf(used, { input: 2, cached_input: 0.5, output: 10 })).toBeCloseTo(1.2 + 0.2 + 1);
  expect(costOf(used, { input: 2, output: 10 })).toBeCloseTo(3);
});
