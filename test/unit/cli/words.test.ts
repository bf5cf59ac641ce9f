import { expect, test } from "vitest";
import { shellWords } from "../../../src/cli/shell-words.ts";
import { table } from "../../../src/cli/table.ts";

test("one word is shell text, several words stay the words that they are", () => {
  expect(shellWords(["cd src && ls"])).toBe("cd src && ls");
  expect(shellWords(["grep", "-n", "it's $HOME", ""])).toBe(`grep -n 'it'\\''s $HOME' ''`);
});

test("a table aligns its columns and shows cells as one safe line", () => {
  const text = table(
    ["id", "name"],
    [
      ["1", "a\nb"],
      ["long", "\u001b[31mred"],
    ],
  );
  expect(text).toBe("id    name\n1     a b\nlong  red");
});
