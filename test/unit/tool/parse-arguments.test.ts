import { describe, expect, test } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import { grep } from "../../../src/tool/search/grep.ts";
import { readFile } from "../../../src/tool/files/read-file.ts";
import { readOutput } from "../../../src/tool/shell/read-output.ts";
import { parseArguments } from "../../../src/tool/parse-arguments.ts";
import type { Tool } from "../../../src/tool/tool.ts";

function refused(tool: Tool, raw: unknown): BerthError {
  try {
    parseArguments(tool, raw);
  } catch (error) {
    if (error instanceof BerthError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("arguments that fit", () => {
  test.each([
    [{ path: "a" }],
    ['{"path":"a"}'],
    [{ path: "a", start_line: null, line_count: null, line_numbers: null }],
  ])("are taken as an object or as JSON, and null is left out: %j", (raw) => {
    expect(parseArguments(readFile, raw)).toEqual({ path: "a", start_line: 1, line_count: 2000, line_numbers: true });
  });
});

describe("arguments that do not fit are refused", () => {
  test.each([
    [readFile, {}, "`path` is missing (a string)"],
    [readFile, "", "`path` is missing (a string)"],
    [readFile, { path: null }, "`path` is missing (a string)"],
    [readFile, { path: 7 }, "`path` must be a string, not the number 7"],
    [readFile, { path: ["a"] }, "`path` must be a string, not an array"],
    [readFile, { path: "" }, "`path` is too small: at least 1 characters"],
    [readFile, { path: "a\0" }, "`path` must not contain a NUL character"],
    [readFile, { path: "a", start_line: 0 }, "`start_line` is too small: at least 1"],
    [readFile, { path: "a", start_line: "2" }, "`start_line` must be a number, not a string"],
    [readFile, { path: "a", start_line: 1.5 }, "`start_line` must be a whole number, not the number 1.5"],
    [readFile, { path: "a", line_count: 10_001 }, "`line_count` is too big: at most 10000"],
    [readFile, { path: "a", file: "b", from: 1 }, "there is no argument `file`; there is no argument `from`"],
    [readFile, JSON.parse('{"path":"a","__proto__":{}}'), "there is no argument `__proto__`"],
    [grep, { pattern: "a", include: [1] }, "`include[0]` must be a string, not the number 1"],
    [readOutput, { call_id: "c", stream: "out" }, '`stream` must be "stdout" or "stderr"'],
    [readFile, [], "the arguments must be a JSON object, not an array"],
    [readFile, "null", "the arguments must be a JSON object, not null"],
    [readFile, 7, "the arguments must be a JSON object, not the number 7"],
  ])("%#: the message names the field and what was expected", (tool, raw, said) => {
    const error = refused(tool, raw);
    expect(error.code).toBe("invalid_arguments");
    expect(error.message).toBe(`Wrong arguments for ${tool.name}: ${said}.`);
  });

  test("with what the tool takes", () => {
    expect(refused(readFile, {}).remedy).toBe(
      "Call the tool again; it takes: path, start_line (optional), line_count (optional), line_numbers (optional).",
    );
  });

  test("when they are not JSON, with where they stop being it", () => {
    const error = refused(readFile, '{"path": "a');
    expect(error.message).toMatch(
      /^The arguments of read_file are not JSON: Unterminated string in JSON at position 11/,
    );
    expect(error.remedy).toContain("write line ends as \\n");
  });

  test("when they are too long, or name too much", () => {
    expect(refused(readFile, `"${"x".repeat(1_000_000)}"`).message).toContain(
      "1000002 characters; the most is 1000000",
    );
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${index}${"k".repeat(500)}`, 1]));
    expect(refused(readFile, { path: "a", ...many }).message.length).toBeLessThan(1000);
  });

  test("however deep they are", () => {
    expect(refused(readFile, `{"path":${"[".repeat(100_000)}${"]".repeat(100_000)}}`).code).toBe("invalid_arguments");
  });
});
