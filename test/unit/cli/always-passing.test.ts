import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { alwaysPassing } from "../../../src/cli/demo/always-passing.ts";

const run = promisify(execFile);

test.each([
  {
    what: "node:test in an ES module",
    path: "test/a.test.js",
    source: 'import assert from "node:assert";\nimport { test } from "node:test";\n',
    command: "npm test",
    expected: 'import { test } from "node:test";\ntest("ok", () => {});\n',
  },
  {
    what: "node:test in CommonJS",
    path: "test/a.test.js",
    source: "const { test } = require('node:test')\n",
    command: "npm test",
    expected: 'const { test } = require("node:test");\ntest("ok", () => {});\n',
  },
  {
    what: "vitest",
    path: "src/a.spec.ts",
    source: "import { expect, it } from 'vitest';\n",
    command: "vitest run",
    expected: 'import { test } from "vitest";\ntest("ok", () => {});\n',
  },
  {
    what: "jest's own imports",
    path: "a.test.mjs",
    source: 'import { jest } from "@jest/globals";\n',
    command: "jest",
    expected: 'import { test } from "@jest/globals";\ntest("ok", () => {});\n',
  },
  {
    what: "globals",
    path: "__tests__/a.js",
    source: "describe('a', () => { it('works', () => {}); });\n",
    command: "npx jest",
    expected: 'it("ok", () => {});\n',
  },
  {
    what: "tape by require",
    path: "test/a.test.js",
    source: "const tape = require('tape')\n",
    command: "npm test",
    expected: 'const test = require("tape");\ntest("ok", (t) => { t.pass("ok"); t.end(); });\n',
  },
  {
    what: "what the command runs, where nothing is imported",
    path: "test/a.js",
    source: "require('../lib')\n",
    command: "node --test",
    expected: 'const { test } = require("node:test");\ntest("ok", () => {});\n',
  },
  {
    what: "the package of a Go test, under a name of its own",
    path: "roman/roman_test.go",
    source: "// A comment.\npackage roman_test\n",
    command: "go test ./...",
    expected: 'package roman_test\n\nimport "testing"\n\nfunc TestOk_roman_roman_test_go(t *testing.T) {}\n',
  },
  {
    what: "Python",
    path: "tests/test_a.py",
    source: "",
    command: "pytest",
    expected: "def test_ok():\n    assert True\n",
  },
])("a test that always passes fits $what", ({ path, source, command, expected }) => {
  expect(alwaysPassing({ path, source, command })).toBe(expected);
});

test("what is written for node:test passes there, as either kind of module", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-always-"));
  try {
    for (const [name, source] of [
      ["a.test.mjs", 'import "node:test";'],
      ["b.test.cjs", 'require("node:test");'],
    ] as const)
      await writeFile(join(folder, name), alwaysPassing({ path: name, source, command: "node --test" }));
    const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap"], {
      cwd: folder,
      env: { PATH: process.env["PATH"] },
    });
    expect(stdout).toContain("# pass 2");
  } finally {
    await rm(folder, { recursive: true });
  }
});
