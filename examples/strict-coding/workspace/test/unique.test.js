import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../src/unique.js";

test("drops what is there twice", () => {
  assert.deepEqual(unique(["b", "a", "b"]), ["b", "a"]);
});
