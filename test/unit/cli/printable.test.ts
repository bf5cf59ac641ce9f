import { assert, constantFrom, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { printable, printableLine } from "../../../src/cli/printable.ts";

describe("printable", () => {
  test.each([
    ["colours", "\u001b[1;31mred\u001b[0m", "red"],
    ["cursor movements", "a\u001b[2J\u001b[Hb\u001b[?25l", "ab"],
    ["a window title", "\u001b]0;owned\u0007x", "x"],
    ["a link", "\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\", "click"],
    ["a clipboard write", "\u001b]52;c;ZXZpbA==\u001b\\ok", "ok"],
    ["a device control string", "\u001bP1$r0m\u001b\\ok", "ok"],
    ["C1 introducers of one character", "\u009b31mred\u009d0;t\u009cx", "redx"],
    ["a terminal reset", "\u001bcx", "x"],
    ["a character set", "\u001b(0x", "x"],
    ["bells, backspaces and nulls", "a\u0007b\u0008c\u0000d\u007f", "abcd"],
    ["bidirectional overrides", "user\u202etxt.exe\u2066\u2069\u200f", "usertxt.exe"],
    ["zero-width characters and tags", "a\u200bb\ufeffc\u{e0041}", "abc"],
    ["an escape at the end", "x\u001b", "x"],
  ])("removes %s", (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test("keeps newlines, tabs and every script", () => {
    const text = "a\tb\nИван 漢字 العربية 👍🏽 é\n";
    expect(printable(text)).toBe(text);
  });

  test("turns carriage returns into lines, so that nothing is overwritten", () => {
    expect(printable("10%\r100%\r\ndone")).toBe("10%\n100%\ndone");
  });

  test("does not let a sequence that never ends swallow what is behind it", () => {
    expect(printable(`\u001b]0;${"x".repeat(10)}\nvisible`)).toContain("visible");
    expect(printable(`\u001b[${"1;".repeat(5)}\nvisible`)).toContain("visible");
  });

  test("leaves no control character of any text", () => {
    const nasty = string({
      unit: constantFrom("\u001b", "[", "]", "\u009b", "\u0007", "\\", "m", ";", "1", "P", "\r", "\n", "\u202e", "a"),
    });
    expect(() =>
      assert(
        // oxlint-disable-next-line no-control-regex
        property(nasty, (text) => !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(printable(text))),
      ),
    ).not.toThrow();
  });
});

test("a line is one line, cut by characters", () => {
  expect(printableLine("a\nb\t c\u001b[31m")).toBe("a b c");
  expect(printableLine("👍".repeat(10), 4)).toBe("👍👍👍…");
});
