import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cheats, foolsTheGullible } from "../../support/grading-cheats.ts";
import { changesOf, FixtureTask } from "../../support/graded-task.ts";

const nodeModules = new URL("../../../node_modules", import.meta.url).pathname;
const env = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/root" };

/** What a task's command needs of this machine. Those of jest and tape are graded in sandboxes, which install them. */
const needs: Readonly<Record<string, () => boolean>> = {
  pytest: () => starts("python", "-m", "pytest", "--version"),
  node: () => true,
  go: () => starts("go", "version"),
  vitest: () => existsSync(`${nodeModules}/vitest`),
};

function starts(file: string, ...args: string[]): boolean {
  try {
    execFileSync(file, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const missing = new Set(Object.keys(needs).filter((name) => needs[name]?.() !== true));

describe.for(Object.keys(needs))("the %s task", (name) => {
  const task = new FixtureTask(name);
  const all = { fail_to_pass: [], pass_to_pass: [] };

  test("scores 1 for its solution, by its ids and by all of its tests", async ({ skip }) => {
    skip(missing.has(name), `${name} is not installed here`);
    for (const spec of [{}, all]) {
      const verdict = await task.grade(await task.solution(), { env, nodeModules, spec });
      expect(verdict).toMatchObject({ status: "scored", reward: 1, flags: [] });
    }
  });

  test("scores 0 for doing nothing", async ({ skip }) => {
    skip(missing.has(name), `${name} is not installed here`);
    for (const spec of [{}, all])
      expect(await task.grade(changesOf({}), { env, nodeModules, spec })).toMatchObject({
        status: "scored",
        reward: 0,
      });
  });

  test.for(cheats.filter((cheat) => cheat.task === name))(
    "scores 0 for a policy that $name",
    async (cheat, { skip }) => {
      skip(missing.has(name), `${name} is not installed here`);
      expect(await task.grade(changesOf(cheat.written), { env, nodeModules })).toMatchObject({
        status: "scored",
        reward: 0,
      });
    },
  );
});

test.for(cheats.filter((cheat) => foolsTheGullible.has(cheat.name)))(
  "positive control: a grader that believes the run rewards a $task policy that $name",
  async (cheat, { skip }) => {
    skip(missing.has(cheat.task), `${cheat.task} is not installed here`);
    const spec = { canaries: false, allow: ["**", ...Object.keys(cheat.written)] };
    const verdict = await new FixtureTask(cheat.task).grade(changesOf(cheat.written), { env, nodeModules, spec });
    expect(verdict).toMatchObject({ status: "scored", reward: 1 });
  },
);

describe("the command of a pytest task", () => {
  const task = new FixtureTask("pytest");
  test.for([
    "python -m pytest -q",
    "python -m pytest -x tests/test_money.py::test_adds_up tests/test_money.py",
    "python -m pytest -k 'adds or even or largest'",
    "python -m pytest . tests/test_money.py",
    "python -m pytest {report} -q",
    "cd tests && python -m pytest --rootdir=.. -q",
    "python -m pytest -q && python -c 'print(1)'",
  ])("%s", async (command, { skip }) => {
    skip(missing.has("pytest"), "pytest is not installed here");
    const verdict = await task.grade(await task.solution(), { env, spec: { command } });
    expect(verdict).toMatchObject({ status: "scored", reward: 1 });
    expect(await task.grade(changesOf({}), { env, spec: { command } })).toMatchObject({ status: "scored", reward: 0 });
  });

  test("runs what stands behind && only after the tests passed", async ({ skip }) => {
    skip(missing.has("pytest"), "pytest is not installed here");
    const spec = { command: "python -m pytest -q && echo went on", fail_to_pass: [], pass_to_pass: [] };
    const said = async (changeSet: ReturnType<typeof changesOf>) =>
      JSON.stringify((await task.grade(changeSet, { env, spec })).parts);
    expect(await said(await task.solution())).toContain("went on\\n");
    expect(await said(changesOf({}))).not.toContain("went on\\n");
  });
});
