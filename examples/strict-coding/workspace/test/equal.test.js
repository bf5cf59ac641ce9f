import assert from "node:assert/strict";
import { test } from "node:test";
import { equal } from "../src/equal.js";

test("compares what is nested", () => {
  assert.equal(equal({ a: [1, { b: null }] }, { a: [1, { b: null }] }), true);
  assert.equal(equal({ a: 1 }, { a: 2 }), false);
});
