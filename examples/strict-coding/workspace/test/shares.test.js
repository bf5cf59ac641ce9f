import assert from "node:assert/strict";
import { test } from "node:test";
import { shares } from "../src/shares.js";

test("splits what comes out even", () => {
  assert.deepEqual(shares(900, 3), [300, 300, 300]);
});
