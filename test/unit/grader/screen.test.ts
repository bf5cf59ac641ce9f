import { describe, expect, test } from "vitest";
import { testsGraderSpec } from "../../../src/model/graders/tests.ts";
import { frameworkOf } from "../../../src/grader/tests/frameworks.ts";
import { mergePackageJson, sameGoModRules } from "../../../src/grader/clean-run/runner-files.ts";
import { screenChangeSet } from "../../../src/grader/tests/screen.ts";
import { changesOf } from "../../support/graded-task.ts";
import { WorkspaceGuest } from "../../support/workspace-guest.ts";

async function screened(
  written: Record<string, string>,
  {
    spec = {},
    base = {},
    hidden = [],
    deleted = [],
  }: { spec?: object; base?: Record<string, string>; hidden?: string[]; deleted?: string[] } = {},
) {
  const parsed = testsGraderSpec.parse({ type: "tests", command: "pytest -q", ...spec });
  const guest = new WorkspaceGuest(base);
  const result = await screenChangeSet({
    changeSet: changesOf(written, deleted),
    spec: parsed,
    framework: frameworkOf(parsed),
    hiddenFiles: hidden.map((path) => ({ path, content: Buffer.from(""), executable: false })),
    readBase: async (path) => guest.text(path),
    inBase: async (path) =>
      guest.stat(path).then(
        () => true,
        () => false,
      ),
  });
  const crossed = [...result.changeSet.written.map(({ path }) => path), ...result.changeSet.deleted];
  return { ...result, crossed, flags: [...result.flags].toSorted() };
}

describe("what of a change set crosses", () => {
  test("the product does", async () => {
    const { crossed, flags } = await screened(
      { "src/pkg/a.py": "", "setup.py": "", "docs/x.md": "" },
      { deleted: ["src/pkg/b.py"] },
    );
    expect(crossed).toEqual(["src/pkg/a.py", "setup.py", "docs/x.md", "src/pkg/b.py"]);
    expect(flags).toEqual([]);
  });

  test.for([
    "conftest.py",
    "src/pkg/conftest.py",
    "pytest.ini",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    ".coveragerc",
    "sitecustomize.py",
    "lib/x.pth",
    "evil.egg-info/entry_points.txt",
    "pkg/__pycache__/a.cpython-311.pyc",
    ".venv/bin/python",
    "jest.config.ts",
    "vitest.config.mts",
    ".mocharc.yml",
    ".npmrc",
    "node_modules/vitest/index.js",
    "go.work",
    ".github/workflows/x.yml",
    ".berth-00/report",
  ])("%s does not", async (path) => expect((await screened({ [path]: "" })).crossed).toEqual([]));

  test("a protected path crosses when allow names it letter by letter, and not by a glob", async () => {
    expect((await screened({ "conftest.py": "" }, { spec: { allow: ["conftest.py"] } })).crossed).toEqual([
      "conftest.py",
    ]);
    expect((await screened({ "conftest.py": "" }, { spec: { allow: ["*.py"] } })).crossed).toEqual([]);
  });

  test("tests that decide never cross, even when allow names them", async () => {
    const spec = { allow: ["tests/test_a.py", "x/test_b.py", "**"], fail_to_pass: ["tests/test_a.py::test_x"] };
    const { crossed, flags } = await screened(
      { "tests/test_a.py": "", "x/test_b.py": "" },
      { spec, hidden: ["x/test_b.py"] },
    );
    expect(crossed).toEqual([]);
    expect(flags).toEqual(["touched_tests"]);
  });

  test("deleting a test is seen, writing a new one is nobody's concern", async () => {
    expect((await screened({}, { deleted: ["tests/test_old.py"] })).flags).toEqual(["touched_tests"]);
    expect((await screened({ "tests/test_new.py": "" })).flags).toEqual([]);
    expect((await screened({ "tests/test_old.py": "" }, { base: { "tests/test_old.py": "" } })).flags).toEqual([
      "touched_tests",
    ]);
  });

  test.for(["h/helper.so", "h/helper/__init__.py", "h/helper", "h/helper.cpython-311.so", "h"])(
    "%s would be found in the place of the hidden h/helper.py",
    async (path) => expect((await screened({ [path]: "" }, { hidden: ["h/helper.py"] })).crossed).toEqual([]),
  );

  test("a hidden file without a stem keeps nobody's dot files back", async () => {
    expect((await screened({ ".env": "", "src/x.py": "" }, { hidden: [".eslintrc", "Makefile"] })).crossed).toEqual([
      ".env",
      "src/x.py",
    ]);
  });

  test("a new module of a library's name at a root of the import path stays behind", async () => {
    const { crossed, flags } = await screened({
      "random.py": "",
      "pytest/__init__.py": "",
      "src/json.py": "",
      "pkg/json.py": "",
      "json.txt": "",
    });
    expect(crossed).toEqual(["pkg/json.py", "json.txt"]);
    expect(flags).toEqual(["shadowed_module"]);
    expect((await screened({ "types.py": "x" }, { base: { "types.py": "" } })).crossed).toEqual(["types.py"]);
  });

  test("a script that the command starts stays the task's", async () => {
    const spec = { framework: "pytest", command: "bash scripts/test.sh && ./run && make check" };
    const { crossed } = await screened(
      { "scripts/test.sh": "", run: "", Makefile: "", "scripts/other.sh": "" },
      { spec },
    );
    expect(crossed).toEqual(["scripts/other.sh"]);
  });

  test("of package.json the product's keys cross", async () => {
    const base = {
      "package.json": JSON.stringify({ name: "a", scripts: { test: "jest" }, jest: { testEnvironment: "node" } }),
    };
    const changed = {
      "package.json": JSON.stringify({ name: "a", type: "module", scripts: { test: "true" }, mocha: {} }),
    };
    const { changeSet, flags } = await screened(changed, { base, spec: { command: "npx jest" } });
    expect(JSON.parse(Buffer.from(changeSet.written[0]?.content ?? "", "base64").toString())).toEqual({
      name: "a",
      type: "module",
      scripts: { test: "jest" },
      jest: { testEnvironment: "node" },
    });
    expect(flags).toEqual(["touched_runner_config"]);
  });
});

test("package.json that is no object is not merged", () => {
  expect(mergePackageJson("{}", "[]")).toBeUndefined();
  expect(mergePackageJson("{}", "{")).toBeUndefined();
  expect(mergePackageJson('{"scripts":{}}', '{"__proto__":{"scripts":{"test":"x"}}}')).toBe('{\n  "scripts": {}\n}\n');
});

test("go.mod may require, and not replace", () => {
  const base = "module m\n\ngo 1.21\n\nrequire a v1\n";
  expect(sameGoModRules(base, "module m\n\ngo 1.21\n\nrequire (\n\ta v1\n\tb v2 // indirect\n)\n")).toBe(true);
  expect(sameGoModRules(base, `${base}replace a => ./x\n`)).toBe(false);
  expect(sameGoModRules(base, `${base}replace (\n\ta => ./x\n)\n`)).toBe(false);
});

describe("the framework of a command", () => {
  test.for([
    ["pytest -q tests", "pytest"],
    ["python -m pytest", "pytest"],
    ["npx vitest run", "vitest"],
    ["npx jest --ci", "jest"],
    ["node --test test/", "node"],
    ["npx tape test/*.js", "tap"],
    ["cd sub && go test ./...", "go"],
  ] as const)("%s is %s", ([command, name]) => expect(frameworkOf({ command, framework: undefined }).name).toBe(name));

  test.for(["npm test", "make", "pytest && go test ./..."])("%s needs a framework", (command) =>
    expect(() => frameworkOf({ command, framework: undefined })).toThrow(
      expect.objectContaining({ code: "invalid_environment" }),
    ),
  );
});
