import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "../src/median.js";

test("is the number in the middle", () => {
  assert.equal(median([3, 1, 2]), 2);
});
