import { expect, test } from "vitest";
import { percentile, summarise } from "../../../src/bench/statistics.ts";

const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

test("a percentile is the smallest value that so many do not exceed, in whatever order they came", () => {
  expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(percentile([4, 1, 3, 2], 0.5)).toBe(2);
  expect(percentile([10, 9, 1], 0.34)).toBe(9);
  expect(percentile([7], 0.99)).toBe(7);
});

test("a percentile is a value that was measured, never one between two", () => {
  for (const part of [0, 0.01, 0.33, 0.5, 0.95, 0.99, 1])
    expect([1, 10, 100]).toContain(percentile([1, 10, 100], part));
});

test("of nothing there is no percentile", () => {
  expect(percentile([], 0.5)).toBeNaN();
});

test("a summary has the median and the tails, and leaves its values in their order", () => {
  const values = hundred.toReversed();
  expect(summarise(values)).toEqual({ count: 100, median: 50, p95: 95, p99: 99 });
  expect(values[0]).toBe(100);
});
