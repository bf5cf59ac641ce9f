import assert from "node:assert/strict";
import { test } from "node:test";
import { truncate } from "../src/truncate.js";

test("leaves short text alone", () => {
  assert.equal(truncate("short", 5), "short");
});
