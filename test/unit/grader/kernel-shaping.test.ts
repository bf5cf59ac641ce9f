import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomOf } from "../../support/random-of.ts";
import { geometricMean, median, quantile, shapedReward, timingOf } from "../../../src/grader/kernel/shaping.ts";

const shape = { target: 4, correct: 0 };

describe("the reward of a speed-up", () => {
  test("is that of a correct kernel without one, and 1 from the target on", () => {
    expect(shapedReward(0.5, shape)).toBe(0);
    expect(shapedReward(1.04, shape)).toBe(0);
    expect(shapedReward(4, shape)).toBe(1);
    expect(shapedReward(400, shape)).toBe(1);
    expect(shapedReward(1, { target: 4, correct: 0.2 })).toBe(0.2);
  });
  test("gives each doubling the same", () => {
    expect(shapedReward(2, shape)).toBeCloseTo(0.5);
    expect(shapedReward(2, { target: 4, correct: 0.2 })).toBeCloseTo(0.6);
  });
  test("never falls with speed and stays within 0 and 1", () => {
    const speed = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(speed, speed, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((one) => shapedReward(one, shape)) as [number, number];
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });
  test("is nothing for what is no number", () => expect(shapedReward(NaN, shape)).toBe(0));
});

describe("the timing of two programs", () => {
  const idleMs = [2, 2.1, 2];
  const times = (count: number, ms: number, spread = 0) =>
    Array.from({ length: count }, (_, index) => ms + (spread * index) / count);
  test("compares what each works beyond a program that does nothing", () => {
    const { speedup } = timingOf({ candidateMs: times(8, 12), referenceMs: times(8, 42), idleMs });
    expect(speedup).toBeCloseTo(4);
  });
  test("knows of no gain where the times are mixed", () => {
    const { speedup } = timingOf({ candidateMs: times(8, 12, 16), referenceMs: times(8, 16, 16), idleMs });
    expect(speedup).toBeUndefined();
  });
  test("proves no gain by few runs, however far they lie apart", () => {
    const { speedup } = timingOf({ candidateMs: times(5, 12), referenceMs: times(5, 42), idleMs });
    expect(speedup).toBeUndefined();
  });
  test("proves by more runs what few leave open", () => {
    const { speedup } = timingOf({ candidateMs: times(32, 12, 16), referenceMs: times(32, 22, 16), idleMs });
    expect(speedup).toBeGreaterThan(1.4);
  });
  test("takes a gain from a few slow runs only where most are faster", () => {
    const slow = [100, 100];
    const candidateMs = [...times(14, 12), ...slow];
    const { speedup } = timingOf({ candidateMs, referenceMs: times(16, 42), idleMs });
    expect(speedup).toBeCloseTo(4);
  });
  test("needs no proof that a kernel is slower or as fast", () => {
    expect(timingOf({ candidateMs: times(3, 42), referenceMs: times(3, 42), idleMs }).speedup).toBe(1);
    expect(timingOf({ candidateMs: times(3, 82), referenceMs: times(3, 42), idleMs }).speedup).toBe(0.5);
  });
  test("does not reward a single lucky run", () => {
    const { speedup } = timingOf({ candidateMs: [3, 12, 12, 12, 12], referenceMs: [12, 12, 12, 12, 12], idleMs });
    expect(speedup).toBeLessThanOrEqual(1);
  });
  test("finds a gain between equal programs on a noisy machine less than once in 250 measurements", () => {
    const random = randomOf(1);
    const noisy = (count: number) => Array.from({ length: count }, () => 2 + 10 * (1 + random()));
    const found = Array.from({ length: 4_000 }, () => {
      const { speedup } = timingOf({ candidateMs: noisy(8), referenceMs: noisy(8), idleMs });
      return speedup !== undefined && speedup >= 1.05;
    }).filter(Boolean);
    expect(found.length).toBeLessThan(16);
  });
  test("bounds the speed-up of one that takes no time", () => {
    const { speedup } = timingOf({ candidateMs: times(8, 1), referenceMs: times(8, 42), idleMs });
    expect(speedup).toBeGreaterThan(100);
    expect(Number.isFinite(speedup)).toBe(true);
  });
  test("tells how far the reference's times lie apart", () => {
    expect(timingOf({ candidateMs: [9], referenceMs: [12, 12, 12], idleMs }).noise).toBe(0);
    expect(timingOf({ candidateMs: [9], referenceMs: [7, 12, 30], idleMs }).noise).toBeGreaterThan(0.4);
  });
});

test("quantiles lie between their neighbours, and nothing has none", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([1, 2])).toBe(1.5);
  expect(quantile([0, 10], 0.25)).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
  expect(geometricMean([1, 4])).toBeCloseTo(2);
});
