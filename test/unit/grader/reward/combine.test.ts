import { describe, expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import { checkReward } from "../../../../src/grader/reward/check.ts";
import { combineRewards } from "../../../../src/grader/reward/combine.ts";
import { rewardRule } from "../../../../src/model/graders/reward.ts";
import type { Environment } from "../../../../src/model/environment.ts";

const parts = [
  { name: "tests", reward: 1 },
  { name: "style", reward: 0.5 },
];
const rule = (given: object) => rewardRule.parse(given);

function refusalOf(work: () => unknown): BerthError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof BerthError) return thrown;
  }
  throw new Error("nothing was refused");
}

describe("the reward of a rollout", () => {
  test("is the weakest part's without a formula, and says so", () => {
    expect(combineRewards(parts)).toEqual({ reward: 0.5, decision: "By the weakest part, style." });
    expect(combineRewards(parts.slice(0, 1))).toEqual({ reward: 1, decision: "By tests alone." });
    expect(() => combineRewards([])).toThrow(RangeError);
  });

  test("is the formula's", () => {
    expect(combineRewards(parts, rule({ formula: "tests * (0.8 + 0.2 * style)" }))).toEqual({
      reward: 0.9,
      decision: "By tests * (0.8 + 0.2 * style).",
    });
  });

  test("is 0 when a gate is at 0, whatever the formula says, and the verdict names the gate", () => {
    const failed = [{ name: "tests", reward: 0 }, ...parts.slice(1)];
    const combined = combineRewards(failed, rule({ formula: "1 + style / tests", gates: ["tests"] }));
    expect(combined).toEqual({ reward: 0, decision: "A gate is closed, so nothing else counts: tests at 0." });
  });

  test("goes by the formula when its gates are open", () => {
    expect(combineRewards(parts, rule({ formula: "style", gates: ["tests"] })).reward).toBe(0.5);
  });

  test("is no number at all, of cause task, when the formula has none for these parts: never 0", () => {
    const failed = [{ name: "tests", reward: 0 }, ...parts.slice(1)];
    for (const formula of ["style / tests", "log(tests)", "sqrt(tests - 1)", "tests / tests"]) {
      const refusal = refusalOf(() => combineRewards(failed, rule({ formula })));
      expect(refusal.causedBy).toBe("task");
      expect(refusal.message).toContain("tests = 0");
      expect(refusal.remedy).toContain("reward.formula");
    }
  });

  test("is never a negative zero", () => {
    const { reward } = combineRewards([{ name: "tests", reward: 0 }], rule({ formula: "-tests" }));
    expect(Object.is(reward, 0)).toBe(true);
  });
});

const grader = (name: string, type = "tests") => ({ name, type, judge: true });
const check = (graders: readonly object[], reward?: object) => () =>
  checkReward({ graders, ...(reward && { reward: rule(reward) }) } as unknown as Environment);

describe("an environment is refused at its load", () => {
  test("when two graders have one name", () => {
    expect(refusalOf(check([grader("tests"), grader("tests")])).message).toContain("two of them are named tests");
  });

  test("when a gate or the formula names what is no part, with the place", () => {
    expect(refusalOf(check([grader("tests")], { gates: ["lint"] })).message).toContain("no part lint");
    const refusal = refusalOf(check([grader("tests")], { formula: "tests * lint" }));
    expect(refusal.message).toContain("reward.formula: there is no part lint");
    expect(refusal.message).toContain("(at character 9)");
    expect(refusal.remedy).toContain("tests");
  });

  test("when its formula names no part", () => {
    expect(refusalOf(check([grader("tests")], { formula: "1" })).message).toContain("names no part");
  });

  test("when only models' opinions decide, unless it says so", () => {
    const judges = [grader("style", "judge"), grader("facts", "fact_recall")];
    expect(refusalOf(check(judges)).message).toContain("only a model's opinion (style, facts)");
    expect(check(judges, { judge_only: true })).not.toThrow();
    expect(check([...judges, grader("tests")])).not.toThrow();
  });

  test("when its formula leaves out all but the opinions, unless a gate measures", () => {
    const graders = [grader("tests"), grader("style", "judge")];
    expect(refusalOf(check(graders, { formula: "style" })).message).toContain("only a model's opinion (style)");
    expect(check(graders, { formula: "style", gates: ["tests"] })).not.toThrow();
  });
});

test("an environment without graders and without a rule of reward is let be", () => {
  expect(check([])).not.toThrow();
});
