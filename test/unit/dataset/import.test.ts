import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readEnvironmentFile } from "../../../src/cli/environment-file.ts";
import type { EnvironmentInput } from "../../../src/model/environment.ts";
import { assertHiddenFolder } from "../../../src/rollout/hidden-files.ts";
import { parseEnvironment } from "../../../src/rollout/check-environment.ts";
import { runCommand } from "../../support/cli.ts";
import { gitRepository, type GitRepository } from "../../support/git-repository.ts";
import { scriptedService } from "../../support/scripted-service.ts";

let repository: GitRepository;
let folder: string;
let registered: string[];

beforeAll(async () => {
  repository = await gitRepository([
    { files: { "tests/test_a.py": "def test_old():\n    assert True\n", "a.py": "x = 1\n" } },
    { files: { "a.py": "x = 2\n" } },
  ]);
});

afterAll(() => repository[Symbol.asyncDispose]());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-import-"));
  registered = [];
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const testPatch = `diff --git a/tests/test_a.py b/tests/test_a.py
--- a/tests/test_a.py
+++ b/tests/test_a.py
@@ -1,2 +1,5 @@
 def test_old():
     assert True
+
+def test_new():
+    assert True
diff --git a/tests/data/new.txt b/tests/data/new.txt
new file mode 100644
--- /dev/null
+++ b/tests/data/new.txt
@@ -0,0 +1 @@
+data
`;
const gold = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n";

const sweBench = () => ({
  instance_id: "owner__name-1",
  repo: repository.url,
  base_commit: repository.commits[0],
  patch: gold,
  test_patch: testPatch,
  problem_statement: "x is wrong.",
  version: "1.0",
  FAIL_TO_PASS: '["tests/test_a.py::test_new"]',
  PASS_TO_PASS: '["tests/test_a.py::test_old", "tests/test_b.py::T::test_b[1-2]"]',
});
const sweSmith = {
  instance_id: "owner__name.abc.func__1",
  image_name: "swesmith/owner.name",
  patch: gold,
  problem_statement: "It broke.",
  FAIL_TO_PASS: ["tests/test_a.py::test_old"],
  PASS_TO_PASS: [],
};
const rebench = () => ({
  ...sweBench(),
  instance_id: "owner__name-2",
  image_name: "swerebench/owner-name:2",
  install_config: { test_cmd: ["pip list", "pytest -rA"], log_parser: "parse_log_pytest" },
  FAIL_TO_PASS: ["tests/test_a.py::test_new"],
  PASS_TO_PASS: [],
});
const r2e = {
  repo_name: "numpy",
  docker_image: "namanjain12/numpy_final:abc",
  commit_hash: "abcdef0123456789",
  problem_statement: "Wrong sum.",
  expected_output_json: JSON.stringify({ "TestSum.test_one[a]": "PASSED", test_two: "PASSED", test_bad: "FAILED" }),
  execution_result_content: JSON.stringify({
    test_file_names: ["test_1.py", "test_2.py"],
    test_file_codes: ["class TestSum:\n    def test_one(self): ...\n", "def test_two(): ...\ndef test_bad(): ...\n"],
  }),
};

async function importing(rows: readonly unknown[], ...args: string[]) {
  const file = join(folder, "rows.jsonl");
  await writeFile(file, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  const service = scriptedService({
    registerEnvironment: async (input: EnvironmentInput, baseDir) => {
      const environment = parseEnvironment(input);
      for (const spec of environment.graders)
        if (spec.type === "tests" && spec.files !== undefined) await assertHiddenFolder(spec.files, baseDir);
      registered.push(environment.name);
      return environment;
    },
  });
  const common = ["env", "import", file, "--out", join(folder, "tasks"), "--data-dir", join(folder, "data"), "--json"];
  return runCommand([...common, ...args], { berth: { service } });
}

const written = (name: string) => readEnvironmentFile(join(folder, "tasks", name, "environment.yaml")).environment;
const hidden = (name: string, path: string) => readFile(join(folder, "tasks", name, "hidden", path), "utf8");

describe("berth env import", () => {
  test("makes an environment of a SWE-bench row, with the tests as they are after its patch", async () => {
    const run = await importing([sweBench()]);
    expect([run.code, run.json()]).toEqual([0, [{ line: 1, status: "written", environment: "owner__name-1" }]]);
    expect(written("owner__name-1")).toMatchObject({
      image: "swebench/sweb.eval.x86_64.owner_1776_name-1:latest",
      workdir: "/testbed",
      graders: [
        {
          type: "tests",
          command: "python -m pytest tests/test_a.py tests/test_b.py",
          framework: "pytest",
          files: "hidden",
          fail_to_pass: ["tests/test_a.py::test_new"],
          pass_to_pass: ["tests/test_a.py::test_old", "tests/test_b.py::T::test_b[1-2]"],
        },
      ],
    });
    expect(await hidden("owner__name-1", "tests/test_a.py")).toBe(
      "def test_old():\n    assert True\n\ndef test_new():\n    assert True\n",
    );
    expect(await hidden("owner__name-1", "tests/data/new.txt")).toBe("data\n");
    expect(registered).toEqual(["owner__name-1"]);
  });

  test("keeps the solution beside the environment, where nothing uses it, and everything for its owner alone", async () => {
    await importing([sweBench()], "--rows", join(folder, "train.jsonl"));
    const task = join(folder, "tasks/owner__name-1");
    expect(await readFile(join(task, "solution.patch"), "utf8")).toBe(gold);
    expect((await stat(join(task, "solution.patch"))).mode & 0o077).toBe(0);
    expect((await stat(task)).mode & 0o077).toBe(0);
    expect(await readFile(join(task, "environment.yaml"), "utf8")).not.toContain("x = 2");
    const row = await readFile(join(folder, "train.jsonl"), "utf8");
    expect(JSON.parse(row)).toMatchObject({
      messages: [{ role: "user", content: "x is wrong." }],
      environment: "owner__name-1",
      tools: expect.arrayContaining([
        expect.objectContaining({ function: expect.objectContaining({ name: "shell" }) }),
      ]),
    });
    expect(Object.keys(JSON.parse(row) as object)).toEqual(["messages", "tools", "environment"]);
    expect(row).not.toContain("test_new");
  });

  test("needs no repository where every test file is new", async () => {
    const onlyNew = testPatch.slice(testPatch.indexOf("diff --git a/tests/data"));
    await importing([{ ...sweBench(), repo: "file:///nowhere", test_patch: onlyNew }]);
    expect(await hidden("owner__name-1", "tests/data/new.txt")).toBe("data\n");
  });

  test("leaves nothing of the image's history, in which the solution may lie", async () => {
    await importing([sweBench(), sweSmith, rebench(), r2e]);
    for (const name of registered) expect(written(name).setup.join("\n")).toContain("rm -rf .git && ");
    expect(registered).toHaveLength(4);
  });

  test("starts SWE-smith's from the image with the bug in it", async () => {
    await importing([sweSmith]);
    const { image, setup, graders } = written("owner__name.abc.func__1");
    expect([image, graders[0]]).toMatchObject(["swesmith/owner.name", { fail_to_pass: ["tests/test_a.py::test_old"] }]);
    expect(setup[0]).toContain(Buffer.from(gold).toString("base64"));
    expect(setup[0]).toContain("git apply");
  });

  test("runs SWE-rebench-V2's own command in the folder of its repository", async () => {
    await importing([{ ...rebench(), repo: repository.url }]);
    expect(written("owner__name-2")).toMatchObject({
      image: "swerebench/owner-name:2",
      graders: [{ command: "pytest -rA tests/test_a.py" }],
    });
  });

  test("finds the files of R2E-Gym's tests, and hides what the image shows of them", async () => {
    await importing([r2e]);
    const { setup, graders } = written("numpy-abcdef012345");
    expect(setup[0]).toContain("r2e_tests");
    expect(graders[0]).toMatchObject({
      pass_to_pass: ["r2e_tests/test_1.py::TestSum::test_one[a]", "r2e_tests/test_2.py::test_two"],
    });
    expect(await hidden("numpy-abcdef012345", "r2e_tests/test_2.py")).toContain("def test_two");
  });

  test("takes what rows do not say from the template", async () => {
    const template = join(folder, "template.yaml");
    await writeFile(template, 'tools: [shell]\nbudget: { tool_calls: 7 }\nsetup: ["echo more"]\n');
    const image = "mine/{instance_id}:{version}";
    await importing([sweBench()], "--template", template, "--image", image, "--command", "tox -- pytest");
    const { tools, budget, setup, image: named, graders } = written("owner__name-1");
    expect([tools, budget.tool_calls, setup.at(-1), named]).toEqual([
      ["shell"],
      7,
      "echo more",
      "mine/owner__name-1:1.0",
    ]);
    expect(graders[0]).toMatchObject({ command: "tox -- pytest tests/test_a.py tests/test_b.py" });
  });

  test("again changes nothing, and writes what a changed row changes", async () => {
    await importing([sweBench()]);
    expect((await importing([sweBench()])).json()).toMatchObject([{ status: "unchanged" }]);
    const without = testPatch.slice(0, testPatch.indexOf("diff --git a/tests/data"));
    expect((await importing([{ ...sweBench(), test_patch: without }])).json()).toMatchObject([{ status: "written" }]);
    expect(await readdir(join(folder, "tasks/owner__name-1/hidden/tests"))).toEqual(["test_a.py"]);
  });

  test.each<[string, (row: ReturnType<typeof sweBench>) => unknown, RegExp]>([
    ["that is no JSON", () => "{", /no JSON object/],
    ["of another format", () => ({ a: 1 }), /no format that is known/],
    ["whose name would leave the folder", (row) => ({ ...row, instance_id: "../../etc" }), /can be named/],
    ["whose lists are none", (row) => ({ ...row, FAIL_TO_PASS: "[1]" }), /FAIL_TO_PASS is no list/],
    ["that requires nothing", (row) => ({ ...row, FAIL_TO_PASS: "[]", PASS_TO_PASS: "[]" }), /are empty/],
    ["of another runner", (row) => ({ ...row, FAIL_TO_PASS: '["test_x (app.Tests)"]' }), /not pytest's/],
    ["with an id that was cut off", (row) => ({ ...row, FAIL_TO_PASS: '["t.py::test[a"]' }), /was cut off/],
    [
      "whose patch does not fit",
      (row) => ({ ...row, test_patch: testPatch.replace("assert True\n+\n", "assert 1\n+\n") }),
      /does not fit/,
    ],
    [
      "whose patch writes elsewhere",
      (row) => ({ ...row, test_patch: testPatch.replaceAll("tests/data/new.txt", "../new.txt") }),
      /test_patch/,
    ],
    ["whose commit is an option", (row) => ({ ...row, base_commit: "--upload-pack=x" }), /commit id/],
    ["whose repository is nowhere", (row) => ({ ...row, repo: "file:///nowhere" }), /nowhere/],
  ])("skips a row %s, says why, and goes on", async (_title, change, reason) => {
    const run = await importing([change(sweBench()), sweSmith]);
    expect([run.code, run.json()]).toMatchObject([
      0,
      [{ status: "skipped", reason: expect.stringMatching(reason) }, { status: "written" }],
    ]);
    expect(await readdir(join(folder, "tasks"))).toEqual([sweSmith.instance_id]);
  });

  test("ends with 1 when no row could be used, and counts the reasons", async () => {
    const rows = join(folder, "all.jsonl");
    await writeFile(rows, '{"a": 1}\n{"a": 2}\n[]\n');
    const run = await runCommand([
      "env",
      "import",
      rows,
      "--out",
      join(folder, "tasks"),
      "--data-dir",
      join(folder, "data"),
    ]);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain("0 written, 0 unchanged, 3 skipped");
    expect(run.stdout).toMatch(/^2 +line 1 +its fields are/m);
  });
});
