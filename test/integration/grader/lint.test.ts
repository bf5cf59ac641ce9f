import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { changesOf } from "../../support/graded-task.ts";
import { gradeInFolder, type GradedFolder } from "../../support/graded-folder.ts";

const nodeModules = new URL("../../../node_modules", import.meta.url).pathname;

const starts = (file: string, ...args: string[]): boolean => {
  try {
    execFileSync(file, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

type Texts = Readonly<Record<string, string>>;

interface LintedTask {
  readonly spec: object;
  readonly task: GradedFolder;
  readonly honest: Texts;
  /** Change sets that gain nothing by what they try, with a flag that tells of it. */
  readonly cheats: Readonly<
    Record<string, { written: Texts; bytes?: Readonly<Record<string, Buffer>>; reward: number; flag?: string }>
  >;
  readonly isHere: () => boolean;
}

const tasks: Readonly<Record<string, LintedTask>> = {
  tsc: {
    spec: {
      type: "lint",
      linter: "tsc",
      config: '{"compilerOptions":{"strict":true,"types":[]},"include":["src"]}',
      penalty: 0.4,
    },
    task: {
      base: {
        "src/a.ts": "export const a: number = 1;\n",
        "src/old.ts": "// @ts-ignore\nlet x: number = '';\nexport { x };\n",
      },
      nodeModules,
    },
    honest: {
      "src/a.ts": "export const a: number = 2;\n",
      "src/old.ts": "// @ts-ignore\nlet x: number = '1';\nexport { x };\n",
    },
    cheats: {
      "has a wrong type": { written: { "src/a.ts": "export const a: number = '';\n" }, reward: 0.6 },
      "hides it from the next line": {
        written: { "src/a.ts": "// @ts-ignore\nexport const a: number = '';\n" },
        reward: 0.6,
        flag: "suppressed_findings",
      },
      "expects the error": {
        written: { "src/a.ts": "// @ts-expect-error\nexport const a: number = '';\n" },
        reward: 0.6,
        flag: "suppressed_findings",
      },
      "takes the file out": {
        written: {
          "src/a.ts":
            "// @ts-nocheck\nexport const a: number = '';\nexport const b: number = '';\nexport const c: number = '';\n",
        },
        reward: 0,
        flag: "suppressed_findings",
      },
      "writes in an encoding that only the linter reads": {
        written: { "src/a.ts": "" },
        bytes: { "src/a.ts": Buffer.from("\ufeff// @ts-nocheck\nexport const a: number = '';\n", "utf16le") },
        reward: 0,
        flag: "unreadable_code",
      },
      "brings a tsconfig": {
        written: {
          "src/a.ts": "export const a: number = '';\n",
          "tsconfig.json": '{"include":[]}',
          "src/tsconfig.json": "{}",
        },
        reward: 0.6,
        flag: "touched_linter_config",
      },
      "makes tsc stop at the syntax": {
        written: { "src/a.ts": "export const a: number = '';\n", "src/b.ts": "let = ;\n" },
        reward: 0,
        flag: "unreadable_code",
      },
    },
    isHere: () => true,
  },
  oxlint: {
    spec: { type: "lint", linter: "oxlint", config: '{"rules":{"no-debugger":"error"}}', penalty: 0.5 },
    task: { base: { "a.js": "export const a = 1;\n" }, nodeModules },
    honest: { "a.js": "export const a = 2;\n" },
    cheats: {
      "leaves a debugger": { written: { "a.js": "debugger;\n" }, reward: 0.5 },
      "hides it from the line": {
        written: { "a.js": "debugger; // oxlint-disable-line\n/* eslint-disable */\n" },
        reward: 0.5,
        flag: "suppressed_findings",
      },
      "brings a configuration": {
        written: { "a.js": "debugger;\n", ".oxlintrc.json": '{"ignorePatterns":["**"]}', ".eslintignore": "a.js\n" },
        reward: 0.5,
        flag: "touched_linter_config",
      },
      "brings an oxlint of its own": {
        written: { "a.js": "debugger;\n", "node_modules/.bin/oxlint": "#!/bin/sh\necho '{}'\n" },
        reward: 0.5,
      },
      "cannot be parsed": { written: { "a.js": "let = ;" }, reward: 0, flag: "unreadable_code" },
    },
    isHere: () => true,
  },
  "go vet": {
    spec: { type: "lint", linter: "go_vet", penalty: 0.5 },
    task: {
      base: { "go.mod": "module example.com/m\n\ngo 1.21\n", "a.go": "package m\n\nfunc F() int { return 1 }\n" },
    },
    honest: { "a.go": "package m\n\nfunc F() int { return 2 }\n" },
    cheats: {
      "assigns to itself": {
        written: { "a.go": "package m\n\nfunc F(x int) int {\n\tx = x\n\treturn x\n}\n" },
        reward: 0.5,
      },
      "hides behind a build tag": {
        written: { "b.go": "//go:build linux && ignore\n\npackage m\n\nfunc G(x int) int {\n\tx = x\n\treturn x\n}\n" },
        reward: 0.5,
      },
      "does not compile": { written: { "a.go": "package m\n\nfunc F( {\n" }, reward: 0, flag: "unreadable_code" },
      "says nolint": {
        written: { "a.go": "package m\n\nfunc F(x int) int {\n\tx = x //nolint\n\treturn x\n}\n" },
        reward: 0.5,
        flag: "suppressed_findings",
      },
    },
    isHere: () => starts("go", "version"),
  },
  ruff: {
    spec: { type: "lint", linter: "ruff", config: '[lint]\nselect = ["F401", "E722"]\n', penalty: 0.5 },
    task: { base: { "a.py": "A = 1\n", "old.py": "import os  # noqa\n" } },
    honest: { "a.py": "A = 2\n", "old.py": "import os  # noqa\n\nB = 1\n" },
    cheats: {
      "imports for nothing": { written: { "a.py": "import os\n" }, reward: 0.5 },
      "says noqa": { written: { "a.py": "import os  # noqa: F401\n" }, reward: 0.5, flag: "suppressed_findings" },
      "takes the file out": {
        written: { "a.py": "# ruff: noqa\nimport os\n" },
        reward: 0.5,
        flag: "suppressed_findings",
      },
      "brings configuration": {
        written: {
          "a.py": "import os\n",
          "ruff.toml": "exclude = ['*']\n",
          "pyproject.toml": "[tool.ruff]\nexclude = ['*']\n",
        },
        reward: 0.5,
        flag: "touched_linter_config",
      },
      "has it ignored by git": { written: { "a.py": "import os\n", ".gitignore": "*.py\n" }, reward: 0.5 },
      "cannot be parsed": { written: { "a.py": "def f(:\n" }, reward: 0, flag: "unreadable_code" },
    },
    isHere: () => starts("ruff", "--version"),
  },
  eslint: {
    spec: {
      type: "lint",
      linter: "eslint",
      config: 'export default [{ rules: { "no-debugger": "error" } }];\n',
      penalty: 0.5,
    },
    task: { base: { "a.js": "export const a = 1;\n" } },
    honest: { "a.js": "export const a = 2;\n" },
    cheats: {
      "leaves a debugger": { written: { "a.js": "debugger;\n" }, reward: 0.5 },
      "switches the rule off": {
        written: { "a.js": "/* eslint no-debugger: 0 */\ndebugger; // eslint-disable-line\n" },
        reward: 0.5,
        flag: "suppressed_findings",
      },
      "brings a configuration": {
        written: { "a.js": "debugger;\n", "eslint.config.js": "export default [{ ignores: ['**'] }];\n" },
        reward: 0.5,
        flag: "touched_linter_config",
      },
      "cannot be parsed": { written: { "a.js": "let = ;" }, reward: 0, flag: "unreadable_code" },
    },
    isHere: () => starts("eslint", "--version"),
  },
};

describe.for(Object.keys(tasks))("%s", (name) => {
  const { spec, task, honest, cheats, isHere } = tasks[name]!;

  test("an honest change scores 1", async ({ skip }) => {
    if (!isHere()) skip(`${name} is not on this machine`);
    const verdict = await gradeInFolder(spec, { ...task, changes: changesOf(honest) });
    expect(verdict).toMatchObject({ status: "scored", reward: 1, flags: [] });
  });

  test.for(Object.keys(cheats))("a policy that %s is found out", async (cheat, { skip }) => {
    if (!isHere()) skip(`${name} is not on this machine`);
    const { written, bytes = {}, reward, flag } = cheats[cheat]!;
    const changes = changesOf(written);
    for (const file of changes.written) file.content = bytes[file.path]?.toString("base64") ?? file.content;
    const verdict = await gradeInFolder(spec, { ...task, changes });
    expect(verdict, JSON.stringify(verdict, undefined, 1)).toMatchObject({ status: "scored", reward });
    if (flag !== undefined) expect(verdict).toHaveProperty("flags", expect.arrayContaining([flag]));
  });

  test("a linter that cannot start on the snapshot leaves the rollout unscored", async () => {
    const verdict = await gradeInFolder(
      { ...spec, program: "berth-has-no-such-linter" },
      { ...task, changes: changesOf(honest) },
    );
    expect(verdict).toMatchObject({ status: "unscored", reason: { cause: "task" } });
  });
});

test("a linter that only the policy's changes break scores 0", async () => {
  const program = `f() { if [ -e broken ]; then exit 70; fi; echo '[]'; }; f`;
  const spec = { type: "lint", linter: "ruff", program };
  const verdictOf = (written: Texts) =>
    gradeInFolder(spec, { base: { "a.py": "A = 1\n" }, changes: changesOf(written) });
  expect(await verdictOf({ "a.py": "A = 2\n" })).toMatchObject({ reward: 1 });
  expect(await verdictOf({ broken: "" })).toMatchObject({ status: "scored", reward: 0, flags: ["linter_broke"] });
});

test("a linter that runs out of time on the policy's changes scores 0", async () => {
  const program = `f() { if [ -e slow ]; then sleep 60; fi; echo '[]'; }; f`;
  const spec = { type: "lint", linter: "ruff", program };
  const task = { base: { "a.py": "A = 1\n" }, changes: changesOf({ slow: "" }), seconds: 1 };
  expect(await gradeInFolder(spec, task)).toMatchObject({ status: "scored", reward: 0, flags: ["linter_broke"] });
});
