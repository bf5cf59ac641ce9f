import assert from "node:assert/strict";
import { test } from "node:test";
import { shares } from "../src/shares.js";

test("splits what comes out even", () => {
  assert.deepEqual(shares(900, 3), [300, 300, 300]);
});

test("adds up", () => {
  for (const [cents, people] of [
    [100, 3],
    [101, 7],
    [2, 5],
  ])
    assert.equal(
      shares(cents, people).reduce((a, b) => a + b, 0),
      cents,
    );
});

test("gives the larger shares first", () => {
  assert.deepEqual(shares(100, 3), [34, 33, 33]);
  assert.deepEqual(shares(2, 4), [1, 1, 0, 0]);
});
