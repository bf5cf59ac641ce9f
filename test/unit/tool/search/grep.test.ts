import { expect, test } from "vitest";
import { grepLines } from "../../../../src/tool/search/grep-report.ts";
import { grep } from "../../../../src/tool/search/grep.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

const guest = () =>
  new TreeGuest({
    "a.py": "import os\nx = 1\ny = 2\nx = 3\nz\nz\nz\nx = 4\n",
    "src/b.ts": "const x = 1;\r\nLäufer\r\n",
  });

test("matches are path:line:text, in the order of paths, without carriage returns", async () => {
  const result = await callTool(grep, guest(), { pattern: "x = 1" });
  expect(result.output).toBe("a.py:2:x = 1\nsrc/b.ts:1:const x = 1;\n");
  expect(result.data).toEqual({ matches: 2, matched_files: 2, searched_files: 2, timed_out: false });
});

test("context lines are marked and places are kept apart", async () => {
  const result = await callTool(grep, guest(), { pattern: "x = ", path: ".", before: 1, after: 1 });
  expect(result.output).toBe(
    "a.py-1-import os\na.py:2:x = 1\na.py-3-y = 2\na.py:4:x = 3\na.py-5-z\n--\na.py-7-z\na.py:8:x = 4\n--\nsrc/b.ts:1:const x = 1;\nsrc/b.ts-2-Läufer\n",
  );
});

test("context counts on both sides", async () => {
  const asked = guest();
  await callTool(grep, asked, { pattern: "x", context: 3, after: 5 });
  expect(asked.lastGrep).toMatchObject({ before: 3, after: 5 });
});

test("a line that is a match and a neighbour's context is shown once, as a match", () => {
  const match = (line: number) => ({
    path: "p",
    line,
    text: `t${line}`,
    before: [`t${line - 1}`],
    after: [`t${line + 1}`],
  });
  expect(grepLines([match(5), match(6)])).toEqual(["p-4-t4", "p:5:t5", "p:6:t6", "p-7-t7"]);
});

test("include, exclude, ignore_case and fixed are passed on", async () => {
  const included = await callTool(grep, guest(), {
    pattern: "LÄUFER",
    ignore_case: true,
    include: ["*.ts"],
    exclude: ["*.py"],
  });
  expect(included.output).toBe("src/b.ts:2:Läufer\n");
  expect((await callTool(grep, guest(), { pattern: "x = 1;", fixed: true })).output).toBe("src/b.ts:1:const x = 1;\n");
});

test("more matches than max_matches are announced, with what to do", async () => {
  const result = await callTool(grep, guest(), { pattern: "x", max_matches: 1 });
  expect(result.output).toMatch(/^a\.py:2:x = 1\n\[there are more matches than the 1 above; narrow/);
  expect(result.truncated).toBe(true);
});

test("no match says how many files were searched, or that none fits", async () => {
  expect((await callTool(grep, guest(), { pattern: "nowhere" })).output).toBe("[no match in 2 files]\n");
  expect((await callTool(grep, guest(), { pattern: "x", include: ["*.go"] })).output).toBe(
    "[no match: no file fits path, include and exclude]\n",
  );
});

test("a search that ran out of time says so and claims no absence", async () => {
  const slow = guest();
  slow.grepTimesOut = true;
  const result = await callTool(grep, slow, { pattern: "nowhere" });
  expect(result.output).toBe("[the search stopped after 25 s and 2 files; narrow path or include]\n");
  expect(result.truncated).toBe(true);
});

test("a pattern that is not RE2 is answered", async () => {
  const result = await callTool(grep, guest(), { pattern: "(" });
  expect(result.error?.code).toBe("invalid_pattern");
  expect(result.output).toContain("RE2 syntax");
});
