import { describe, expect, test } from "vitest";
import type { GradingContext } from "../../../src/grader/grader.ts";
import { shellLine } from "../../../src/grader/validation/shell-line.ts";
import { validationGrader } from "../../../src/grader/validation/validation-grader.ts";
import { validationGraderSpec } from "../../../src/model/graders/validation.ts";
import { trajectoryOf, type PlayedCall } from "../../support/trajectory-of.ts";

async function graded(calls: readonly (PlayedCall | string)[], given: object = {}) {
  const spec = validationGraderSpec.parse({ type: "validation", ...given });
  const context: Partial<GradingContext> = { trajectory: async () => trajectoryOf(calls) };
  return validationGrader.grade(spec, context as GradingContext);
}
const reward = async (...calls: (PlayedCall | string)[]): Promise<number> => (await graded(calls)).reward;

const edit: PlayedCall = { tool: "edit_file", arguments: { path: "a.py" } };

describe("tests count when they ran and said something", () => {
  test.each([
    "pytest",
    "pytest -q tests/test_a.py",
    "python -m pytest -x",
    "python3.12 -m unittest discover",
    "cd src && pytest",
    "cd src; pytest",
    "CI=1 pytest",
    "env CI=1 timeout -k 5 60 pytest -q",
    "pytest 2>&1 | tail -20",
    "pytest > /dev/null; echo ended",
    "set -e; cd src\npytest # all of them",
    "bash -lc 'cd src && pytest'",
    "uv run pytest",
    "./.venv/bin/pytest",
    "npm test",
    "npm run test:unit -- --run",
    "npx vitest run",
    "./node_modules/.bin/jest",
    "node --test",
    "go test ./...",
    "cargo test",
    "make test",
  ])("%s", async (command) => {
    expect(await reward(edit, command)).toBe(0.75);
  });

  test("whatever they speak of", async () => {
    const said =
      "E  ModuleNotFoundError: No module named 'x'\nserver: route: not found\ncd: y\n# no tests ran before\n";
    expect(await reward(edit, { command: "pytest | cat", stdout: said })).toBe(0.75);
  });

  test("also when they fail: that is what one looks for", async () => {
    expect(await reward(edit, { command: "pytest", exit: 1 })).toBe(0.75);
    expect(await reward(edit, { command: "cd src && pytest", exit: 1 })).toBe(0.75);
  });
});

describe("nothing counts for", () => {
  test.each<PlayedCall | string>([
    "echo pytest",
    "echo 'ok' && echo pytest passed",
    "true # pytest",
    "# pytest",
    "true || pytest",
    "pytest || true",
    "pytest &",
    "pytest --version",
    "pytest --collect-only -q",
    "pytest --co",
    "npm test -- --help",
    "npx jest --listTests",
    "go test -run '^$' ./...",
    "go test -list . ./...",
    "make -n test",
    "printf pytest | cat",
    "grep -r pytest .",
    "cat <<EOF\npytest\nEOF",
    "if false; then pytest; fi",
    "pytest() { true; }; pytest",
    "alias pytest=true; pytest",
    "exit 0; pytest",
    "PATH=/workspace/fake:$PATH pytest",
    "./pytest",
    "/workspace/bin/pytest",
    "echo $(echo pytest)",
    "python pytest",
    "python -c pytest",
    "'pytest -q'",
    'echo "a && pytest"',
    "echo a \\&\\& pytest",
    { command: "false && pytest", exit: 1 },
    {
      command: "cd gone && pytest",
      exit: 1,
      stdout: "",
      stderr: "bash: line 1: cd: gone: No such file or directory\n",
    },
    { command: "pytest", exit: 127 },
    { command: "pytest gone", exit: 4 },
    { command: "python -m pytest -k nothing", exit: 5 },
    { command: "pytest -k nothing | tail -1", stdout: "========= no tests ran in 0.01s =========\n" },
    {
      command: "timeout 9 pytest | tail",
      stderr: "timeout: failed to run command 'pytest': No such file or directory\n",
    },
    { command: "sh -c pytest 2>&1 | cat", stdout: "sh: 1: pytest: not found\n" },
    { command: "npm test | tail", stderr: 'npm error Missing script: "test"\n' },
    { command: "make check | tail", stderr: "make: *** No rule to make target 'check'.  Stop.\n" },
    { command: "pytest | tail", stderr: "bash: pytest: command not found\n" },
    { command: "python -m pytest", exit: 1, stderr: "/usr/bin/python: No module named pytest\n" },
    { command: "pytest", outcome: { type: "timed_out" } },
    { command: "pytest", outcome: { type: "oom_killed" } },
    { command: "pytest", outcome: { type: "cancelled" } },
    { command: "pytest", refused: true },
    { command: "pytest", state: "unknown" },
    { tool: "write_note", arguments: { command: "pytest" } },
    { arguments: "not json" },
    { arguments: { command: ["pytest"] } },
    { arguments: null },
  ])("%j", async (call) => {
    expect(await reward(edit, call)).toBe(0);
  });

  test("tests before the last write", async () => {
    const { reward: got, summary } = await graded(["pytest", edit]);
    expect(got).toBe(0);
    expect(summary).toBe("It checked its work, and wrote again after that.");
    for (const write of ["sed -i s/a/b/ a.py", "echo x > a.py", "git checkout a.py", "rm a.py", "cat <<E > a.py\nx\nE"])
      expect(await reward("pytest", write)).toBe(0);
  });

  test("a trajectory without calls", async () => {
    expect(await graded([])).toMatchObject({ reward: 0, summary: "It did not check its work." });
  });
});

describe("the validation grader", () => {
  test("gives all for tests and a linter whose output was shown, also in one line or as a JSON string", async () => {
    expect(await reward(edit, "pytest -q", "ruff check .")).toBe(1);
    expect(await reward(edit, "npx tsc --noEmit && npx eslint . && npx vitest run")).toBe(1);
    expect(await reward(edit, { arguments: '{"command":"pytest && ruff check ."}' })).toBe(1);
  });

  test("lets what only reads, and what was refused, stand behind the last check", async () => {
    const look: PlayedCall = { tool: "read_file", arguments: { path: "a.py" } };
    const after = ["git diff", "cat a.py", "ls > /dev/null", "python repro.py 2>&1", look, { ...edit, refused: true }];
    expect(await reward(edit, "pytest -q; ruff check .", ...after)).toBe(1);
  });

  test("takes a write that did not end for a write", async () => {
    expect(await reward("pytest", { ...edit, state: "unknown" })).toBe(0);
  });

  test("tells a check whose output nobody saw", async () => {
    const silent = await graded([edit, { command: "pytest > /dev/null 2>&1", stdout: "" }]);
    expect(silent.reward).toBe(0.5);
    expect(silent.summary).toBe("It ran tests after its last write and looked at no output.");
  });

  test("goes by the task's own commands and weights", async () => {
    const given = { tests: ["./check.sh", "just verify*"], lint: [], weights: { tests: 3, output: 1, lint: 0 } };
    expect((await graded([edit, "just verify-all"], given)).reward).toBe(1);
    expect((await graded([edit, "./check.sh --all"], given)).reward).toBe(1);
    expect((await graded([edit, "pytest"], given)).reward).toBe(0);
    expect(
      validationGraderSpec.safeParse({ type: "validation", weights: { tests: 0, output: 0, lint: 0 } }).success,
    ).toBe(false);
  });

  test("names the calls that it went by", async () => {
    const { evidence } = await graded(["pytest", edit, "pytest", "ruff check ."]);
    expect(evidence).toEqual({
      tests: true,
      output: true,
      lint: true,
      calls: 4,
      last_write: 1,
      tests_calls: [0, 2],
      lint_calls: [3],
    });
  });

  test("reads the longest commands in one go", async () => {
    for (const filler of ["a ", "'", '"', "&& ", ">a ", "$(", "\\", "a=b ", "env ", ": not "]) {
      const command = filler.repeat(Math.floor(131_000 / filler.length));
      expect(await reward({ command, stdout: command }, edit)).toBe(0);
    }
  });
});

test("a shell line is split where the shell splits it", () => {
  expect(shellLine("a 'b c' \"d e\"\\ f;g&&h|i>o 2>&1 # no\nj &")).toEqual([
    { words: ["a", "b c", "d e f"], writes: [], joint: ";" },
    { words: ["g"], writes: [], joint: "&&" },
    { words: ["h"], writes: [], joint: "|" },
    { words: ["i"], writes: ["o"], joint: ";" },
    { words: ["j"], writes: [], joint: "&" },
  ]);
  for (const text of [
    "$(a)",
    "`a`",
    "(a)",
    "a <<E",
    "f() { a; }",
    "for x in y; do a; done",
    "'a",
    '"a',
    "&& a",
    "a $'b",
  ])
    expect(shellLine(text)).toBeUndefined();
});
