import assert from "node:assert/strict";
import { test } from "node:test";
import { slug } from "../src/slug.js";

test("joins words", () => {
  assert.equal(slug("Plain Words 7"), "plain-words-7");
});
