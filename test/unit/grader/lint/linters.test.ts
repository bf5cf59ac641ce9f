import { describe, expect, test } from "vitest";
import { newFindings } from "../../../../src/grader/lint/delta.ts";
import { lintLimits } from "../../../../src/grader/lint/lint-report.ts";
import { linters } from "../../../../src/grader/lint/linters.ts";
import type { LinterName } from "../../../../src/model/graders/lint.ts";

const read = (linter: LinterName, text: string, code = 1) =>
  linters[linter].parse(Buffer.from(text), { outcome: { type: "exited", code }, workdir: "/workspace" });

const finding = (path: string, rule: string, unreadable = false) => ({ path, rule, unreadable });

test("eslint's report names files, rules and what could not be parsed", () => {
  const report = [
    { filePath: "/workspace/src/a.js", messages: [{ ruleId: "no-debugger", severity: 2, line: 2 }] },
    { filePath: "/workspace/b.js", messages: [{ ruleId: null, fatal: true, message: "Parsing error" }] },
    { filePath: "/workspace/c.js", messages: [] },
  ];
  expect(read("eslint", JSON.stringify(report))).toEqual({
    findings: [finding("src/a.js", "no-debugger"), finding("b.js", "no rule", true)],
  });
});

test("oxlint's report has no code for what could not be parsed", () => {
  const report = {
    diagnostics: [
      { filename: "./a.js", code: "eslint(no-debugger)" },
      { filename: "b.js", message: "x" },
    ],
  };
  expect(read("oxlint", JSON.stringify(report))).toEqual({
    findings: [finding("a.js", "eslint(no-debugger)"), finding("b.js", "syntax", true)],
  });
});

test("ruff's report names codes", () => {
  const report = [
    { filename: "/workspace/a.py", code: "F401", location: { row: 1, column: 8 } },
    { filename: "/workspace/b.py", code: "invalid-syntax" },
    { filename: "/workspace/c.py", code: null },
  ];
  expect(read("ruff", JSON.stringify(report))).toEqual({
    findings: [
      finding("a.py", "F401"),
      finding("b.py", "invalid-syntax", true),
      finding("c.py", "invalid-syntax", true),
    ],
  });
});

describe("tsc's report", () => {
  test("is its lines of errors, with or without a file", () => {
    const text =
      "src/a.ts(1,7): error TS2322: Type 'x'.\n  more of it\nerror TS2688: Cannot find types.\nb(1).ts(3,1): error TS1109: No.\n";
    expect(read("tsc", text)).toEqual({
      findings: [finding("src/a.ts", "TS2322"), finding("", "TS2688"), finding("b(1).ts", "TS1109", true)],
    });
  });

  test("is trouble where the configuration, or nothing at all, is told", () => {
    expect(read("tsc", "error TS5058: The specified path does not exist.\n")).toHaveProperty("trouble");
    expect(read("tsc", "error TS18003: No inputs were found.\n", 2)).toHaveProperty("trouble");
    expect(read("tsc", "", 2)).toHaveProperty("trouble");
    expect(read("tsc", "", 0)).toEqual({ findings: [] });
  });
});

describe("go vet's report", () => {
  test("is objects of packages between lines of the compiler", () => {
    const object = (value: unknown) => JSON.stringify(value, undefined, "\t");
    const text = [
      "# m/b",
      "vet: b/b.go:3:9: expected ')', found '{'",
      object({
        m: { printf: [{ posn: "/workspace/a.go:5:24", message: "bad" }], assign: [{ posn: "/workspace/a.go:6:1" }] },
      }),
      object({ "m/c": { printf: { error: "analysis failed" } } }),
      "{}",
    ].join("\n");
    expect(read("go_vet", text)).toEqual({
      findings: [
        finding("a.go", "printf"),
        finding("a.go", "assign"),
        finding("", "printf", true),
        finding("b/b.go", "compile", true),
      ],
    });
  });

  test("is trouble where it failed without a word of a file", () => {
    expect(read("go_vet", "go: cannot find main module\n")).toHaveProperty("trouble");
  });
});

test.for(Object.keys(linters) as LinterName[])("%s: what is no report is trouble, and never thrown", (name) => {
  for (const text of ["", "{", "null", "[1]", '{"diagnostics":1}', "\u0000", "[[[["])
    expect(read(name, text, 77), text).toHaveProperty("trouble");
  const outcome = { type: "timed_out" } as const;
  expect(linters[name].parse(Buffer.from("[]"), { outcome, workdir: "/w" })).toHaveProperty("trouble");
});

test("a report of more findings than anybody reads is trouble", () => {
  const many = Array.from({ length: lintLimits.findings + 1 }, () => ({ filename: "a.py", code: "F401" }));
  expect(read("ruff", JSON.stringify(many))).toHaveProperty("trouble");
});

test("only what is more than before counts, in its file and by its rule", () => {
  const before = [finding("a", "x"), finding("a", "x"), finding("b", "y")];
  const after = [finding("a", "x"), finding("b", "x"), finding("b", "y"), finding("b", "y"), finding("b", "y")];
  expect(newFindings(before, after)).toEqual([
    { ...finding("b", "y"), count: 2 },
    { ...finding("b", "x"), count: 1 },
  ]);
});

test("a defused comment keeps each character in its place", () => {
  for (const text of ["a // @ts-ignore\nb", "// eslint-disable-line", "x = 1  # ruff: noqa", "# isort:skip_file"])
    for (const { defuse } of Object.values(linters)) expect((defuse?.(text) ?? text).length).toBe(text.length);
  expect(linters.tsc.defuse?.("// @ts-ignore")).not.toContain("@ts-ignore");
});
