import assert from "node:assert/strict";
import { test } from "node:test";
import { duration } from "../src/duration.js";

test("reads one unit", () => {
  assert.equal(duration("90s"), 90);
});

test("adds up several units", () => {
  assert.equal(duration("1h 30m"), 5400);
  assert.equal(duration("2h5m1s"), 7501);
});

test("is undefined for anything else", () => {
  for (const text of ["", "soon", "5", "5m later", "x5m"]) assert.equal(duration(text), undefined);
});

test("knows that 0s is a duration", () => {
  assert.equal(duration("0s"), 0);
});
