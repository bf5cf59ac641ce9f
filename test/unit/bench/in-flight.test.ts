import { expect, test } from "vitest";
import { inFlight } from "../../../src/bench/in-flight.ts";

test("all is done, in order of its results, with no more at the same time than allowed", async () => {
  let running = 0;
  let most = 0;
  const results = await inFlight(20, 3, async (index) => {
    most = Math.max(most, (running += 1));
    await new Promise(setImmediate);
    running -= 1;
    return index;
  });
  expect(results).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(most).toBe(3);
});

test("after a failure nothing is begun, and what runs is waited for", async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = async (index: number) => {
    begun.push(index);
    if (index === 0) throw new Error("the first");
    await new Promise(setImmediate);
    ended += 1;
  };
  await expect(inFlight(10, 2, work)).rejects.toThrow("the first");
  expect(begun).toEqual([0, 1]);
  expect(ended).toBe(1);
});
