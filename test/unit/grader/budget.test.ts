import { describe, expect, test } from "vitest";
import { budgetGrader } from "../../../src/grader/budget.ts";
import type { GradingContext } from "../../../src/grader/grader.ts";
import { budgetGraderSpec } from "../../../src/model/graders/budget.ts";
import { trajectoryOf, type PlayedCall } from "../../support/trajectory-of.ts";

const graded = (calls: readonly (PlayedCall | string)[], given: object) => {
  const context: Partial<GradingContext> = { trajectory: async () => trajectoryOf(calls) };
  return budgetGrader.grade(budgetGraderSpec.parse({ type: "budget", ...given }), context as GradingContext);
};
const calls = (count: number) => Array.from({ length: count }, () => "ls");

describe("the budget grader", () => {
  test.each([
    [0, 1],
    [10, 1],
    [15, 0.5],
    [19, 0.1],
    [20, 0],
    [500, 0],
  ])("of %i calls, where 10 are free and 20 too many, gives %f", async (count, reward) => {
    expect((await graded(calls(count), { calls: { free: 10, limit: 20 } })).reward).toBeCloseTo(reward, 10);
  });

  test("counts refused and unfinished calls", async () => {
    const odd: PlayedCall[] = [{ refused: true }, { state: "unknown" }];
    expect((await graded(odd, { calls: { free: 0, limit: 4 } })).reward).toBe(0.5);
  });

  test("measures what the policy was given to read, in bytes of UTF-8 and in tokens estimated from them", async () => {
    const said: PlayedCall[] = [{ stdout: "é".repeat(100) }, { stdout: "x".repeat(200) }];
    const { evidence, reward } = await graded(said, {
      output_bytes: { free: 0, limit: 800 },
      output_tokens: { free: 100, limit: 200 },
    });
    expect(reward).toBe(0.5);
    expect(evidence).toMatchObject({
      shares: [
        { dimension: "output_bytes", used: 400, reward: 0.5 },
        { dimension: "output_tokens", used: 100, reward: 1 },
      ],
      output_tokens_estimated: true,
    });
  });

  test("measures the time from the first call's start to the last call's end", async () => {
    const slow: PlayedCall[] = [
      { at: 5000, ms: 1000 },
      { at: 0, ms: 100 },
      { at: 1000, ms: 9000 },
    ];
    expect((await graded(slow, { wall_seconds: { free: 0, limit: 20 } })).reward).toBe(0.5);
  });

  test("goes by the dimension that is worst, and says which", async () => {
    const given = { calls: { free: 10, limit: 20 }, output_bytes: { free: 0, limit: 100_000 } };
    const { reward, summary } = await graded(calls(18), given);
    expect(reward).toBeCloseTo(0.2);
    expect(summary).toBe("calls: 18, of which 10 are free and 20 are too many.");
  });

  test("is refused without a dimension, and where nothing lies between free and too much", () => {
    const takes = (given: object) => budgetGraderSpec.safeParse({ type: "budget", ...given }).success;
    expect(takes({})).toBe(false);
    expect(takes({ calls: { free: 10, limit: 10 } })).toBe(false);
    expect(takes({ calls: { free: 0, limit: 1 } })).toBe(true);
  });
});
