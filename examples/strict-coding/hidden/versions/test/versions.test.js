import assert from "node:assert/strict";
import { test } from "node:test";
import { byVersion } from "../src/versions.js";

test("orders by the first part", () => {
  assert.deepEqual(["2.0.0", "1.0.0"].sort(byVersion), ["1.0.0", "2.0.0"]);
});

test("orders 1.10 after 1.9", () => {
  assert.deepEqual(["1.10.0", "1.9.3", "1.9.12"].sort(byVersion), ["1.9.3", "1.9.12", "1.10.0"]);
});

test("takes parts that are left out for 0", () => {
  assert.equal(byVersion("1.2", "1.2.0"), 0);
  assert.equal(byVersion("1.2", "1.2.1"), -1);
});
