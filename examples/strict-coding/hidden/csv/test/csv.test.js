import assert from "node:assert/strict";
import { test } from "node:test";
import { csvFields } from "../src/csv.js";

test("splits at commas", () => {
  assert.deepEqual(csvFields("a,b,,c"), ["a", "b", "", "c"]);
});

test("keeps commas within quotes", () => {
  assert.deepEqual(csvFields('1,"Doe, Jane",x'), ["1", "Doe, Jane", "x"]);
});

test("reads a doubled quote as one", () => {
  assert.deepEqual(csvFields('"she said ""no""",""'), ['she said "no"', ""]);
});
