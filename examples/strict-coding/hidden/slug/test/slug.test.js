import assert from "node:assert/strict";
import { test } from "node:test";
import { slug } from "../src/slug.js";

test("joins words", () => {
  assert.equal(slug("Plain Words 7"), "plain-words-7");
});

test("puts one hyphen between words", () => {
  assert.equal(slug("Bread & Butter"), "bread-butter");
});

test("has no hyphen at its ends", () => {
  assert.equal(slug("  What now? "), "what-now");
});

test("keeps letters that have accents", () => {
  assert.equal(slug("Crème brûlée"), "creme-brulee");
});
