import assert from "node:assert/strict";
import { test } from "node:test";
import { equal } from "../src/equal.js";

test("compares what is nested", () => {
  assert.equal(equal({ a: [1, { b: null }] }, { a: [1, { b: null }] }), true);
  assert.equal(equal({ a: 1 }, { a: 2 }), false);
});

test("sees a key that only the second has", () => {
  assert.equal(equal({ a: 1 }, { a: 1, b: 2 }), false);
  assert.equal(equal({ a: undefined }, { b: undefined }), false);
});

test("tells null, lists and objects apart", () => {
  assert.equal(equal({}, null), false);
  assert.equal(equal([], {}), false);
  assert.equal(equal([1], [1, 2]), false);
});

test("takes NaN for itself", () => {
  assert.equal(equal({ a: NaN }, { a: NaN }), true);
});
