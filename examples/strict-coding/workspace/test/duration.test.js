import assert from "node:assert/strict";
import { test } from "node:test";
import { duration } from "../src/duration.js";

test("reads one unit", () => {
  assert.equal(duration("90s"), 90);
});
