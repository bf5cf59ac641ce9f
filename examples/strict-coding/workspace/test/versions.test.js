import assert from "node:assert/strict";
import { test } from "node:test";
import { byVersion } from "../src/versions.js";

test("orders by the first part", () => {
  assert.deepEqual(["2.0.0", "1.0.0"].sort(byVersion), ["1.0.0", "2.0.0"]);
});
