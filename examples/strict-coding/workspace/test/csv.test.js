import assert from "node:assert/strict";
import { test } from "node:test";
import { csvFields } from "../src/csv.js";

test("splits at commas", () => {
  assert.deepEqual(csvFields("a,b,,c"), ["a", "b", "", "c"]);
});
