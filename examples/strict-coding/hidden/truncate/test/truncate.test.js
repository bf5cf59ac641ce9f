import assert from "node:assert/strict";
import { test } from "node:test";
import { truncate } from "../src/truncate.js";

test("leaves short text alone", () => {
  assert.equal(truncate("short", 5), "short");
});

test("counts the ellipsis", () => {
  assert.equal(truncate("a longer text", 8), "a longe…");
});

test("never cuts a character in two", () => {
  assert.equal(truncate("🍎🍐🍊🍋", 3), "🍎🍐…");
  assert.equal(truncate("🍎🍐🍊", 3), "🍎🍐🍊");
});
