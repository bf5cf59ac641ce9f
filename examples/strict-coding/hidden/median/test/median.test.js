import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "../src/median.js";

test("is the number in the middle", () => {
  assert.equal(median([3, 1, 2]), 2);
});

test("orders numbers as numbers", () => {
  assert.equal(median([9, 10, 100, 2, 30]), 10);
});

test("leaves the list as it was", () => {
  const list = [3, 1, 2];
  median(list);
  assert.deepEqual(list, [3, 1, 2]);
});

test("is undefined of none", () => {
  assert.equal(median([]), undefined);
});
