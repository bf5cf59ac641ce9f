import { expect, test } from "vitest";
import type { Played } from "../../../examples/runner/play.ts";
import { means, rewardCells, rewardsOf } from "../../../examples/runner/rewards.ts";

const row = { id: "one", prompt: "p", environment: "e" };
const scored = (sample: number, reward: number): Played => ({
  row,
  policy: "good",
  sample,
  verdict: {
    status: "scored",
    reward,
    parts: [{ name: "tests", type: "tests", reward, summary: "", evidence: {} }],
    flags: [],
    duration_ms: 1,
  },
});
const expected = { good: { because: "at least 0.5", holds: (reward: number) => reward >= 0.5 } };

test("the best sample of a row is its reward, with that sample's parts", () => {
  const [best] = rewardsOf([scored(0, 0.2), scored(1, 0.75), scored(2, 0)], expected, "oci");
  expect(best).toMatchObject({ reward: 0.75, rewards: [0.2, 0.75, 0], parts: { tests: 0.75 }, ok: true });
  expect(rewardCells(best!)).toEqual(["", "good", "one", "0.75 of 0.2 0.75 0", "tests 0.75"]);
});

test("a reward that is not what the policy should earn is not ok", () => {
  expect(rewardsOf([scored(0, 0.2)], expected, "oci")).toMatchObject([{ ok: false, expected: "at least 0.5" }]);
});

test("a sample without a verdict is told, and never counts as 0", () => {
  const failed: Played = { row, policy: "good", sample: 1, failure: "the sandbox died" };
  const rows = rewardsOf([scored(0, 0.9), failed], expected, "oci");
  expect(rows).toMatchObject([{ ok: false, result: "the sandbox died", rewards: [0.9, null] }]);
  expect(means(rewardsOf([failed], expected, "oci"))).toBe("good: mean reward ? of 0 rows, 1 unscored");
});

test("a policy of which nothing is expected is ok once it is scored", () => {
  expect(rewardsOf([scored(0, 0)], {}, "oci")).toMatchObject([{ ok: true, reward: 0 }]);
});
