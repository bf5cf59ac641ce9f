import { expect, test } from "vitest";
import { wordsOf } from "../../../src/code-index/words.ts";

test.each([
  ["parseHttpHeader", ["parsehttpheader", "parse", "http", "header"]],
  ["HTTPServer2", ["httpserver2", "http", "server"]],
  ["snake_case_name", ["snake_case_name", "snake", "case", "name"]],
  ["plain Words here", ["plain", "words", "here"]],
  ["größe = 42", ["größe", "42"]],
  ["a.b(c)", []],
])("%s has the words %o", (text, words) => {
  expect([...wordsOf(text)]).toEqual(words);
});

test("what is too long to be a name is no word", () => {
  expect([...wordsOf("x".repeat(65))]).toEqual([]);
});
