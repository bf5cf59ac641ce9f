import { expect, test } from "vitest";
import { Turnstile } from "../../../src/core/turnstile.ts";

test("those that come together go on a few in each turn of the event loop, in their order, and none is forgotten", async () => {
  const turnstile = new Turnstile(3);
  const gone: number[] = [];
  const all = Array.from({ length: 10 }, (_, at) => turnstile.pass().then(() => gone.push(at)));
  const perTurn: number[] = [];
  while (gone.length < 10) {
    const before = gone.length;
    await new Promise((resolve) => setImmediate(resolve));
    perTurn.push(gone.length - before);
  }
  await Promise.all(all);
  expect(gone).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(Math.max(...perTurn.slice(1))).toBeLessThanOrEqual(3);
});

test("one at a time never waits", async () => {
  const turnstile = new Turnstile(1);
  for (let round = 0; round < 3; round++) {
    let waited = false;
    setImmediate(() => (waited = true));
    await turnstile.pass();
    expect(waited).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
});
