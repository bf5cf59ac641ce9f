import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../src/unique.js";

test("drops what is there twice", () => {
  assert.deepEqual(unique(["b", "a", "b"]), ["b", "a"]);
});

test("keeps the first of each key", () => {
  const [first, second] = [
    { id: "x", n: 1 },
    { id: "x", n: 2 },
  ];
  assert.deepEqual(
    unique([first, second], ({ id }) => id),
    [first],
  );
});

test("takes 1 and its text for two", () => {
  assert.deepEqual(unique([1, "1", 1]), [1, "1"]);
});

test("keeps the list's order for numbers too", () => {
  assert.deepEqual(unique([3, 1, 2, 3]), [3, 1, 2]);
});
