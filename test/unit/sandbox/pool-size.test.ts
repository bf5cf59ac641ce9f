import { expect, test } from "vitest";
import { Demand } from "../../../src/sandbox/pool/demand.ts";
import { shares } from "../../../src/sandbox/pool/shares.ts";

const minute = 60_000;

function asked(...times: number[]): Demand {
  const demand = new Demand();
  for (const time of times) demand.note(time);
  return demand;
}

test("one sandbox that was asked for alone foretells nothing", () => {
  expect(asked().peak(0)).toBe(0);
  expect(asked(0).peak(1_000)).toBe(0);
});

test("as many are expected as were asked for at once, not as many as came one after the other", () => {
  expect(asked(0, 10, 20, 4_000).peak(5_000)).toBe(4);
  expect(asked(0, minute, 2 * minute).peak(3 * minute)).toBe(1);
});

test("demand is forgotten after some minutes", () => {
  const demand = asked(0, 1, 2);
  expect(demand.peak(9 * minute)).toBe(3);
  expect(demand.peak(11 * minute)).toBe(0);
});

test("what was promised comes first, then what was asked for last, and never more than the limit", () => {
  const wishes = [
    { key: "old", min: 0, wanted: 10, lastAskedAt: 1 },
    { key: "promised", min: 2, wanted: 2, lastAskedAt: 0 },
    { key: "new", min: 0, wanted: 5, lastAskedAt: 2 },
  ];
  expect(Object.fromEntries(shares(wishes, 10))).toEqual({ promised: 2, new: 5, old: 3 });
  expect(Object.fromEntries(shares(wishes, 1))).toEqual({ promised: 1, new: 0, old: 0 });
  expect(Object.fromEntries(shares(wishes, 100))).toEqual({ promised: 2, new: 5, old: 10 });
});
