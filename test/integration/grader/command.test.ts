import { describe, expect, test } from "vitest";
import { changesOf } from "../../support/graded-task.ts";
import { gradeInFolder } from "../../support/graded-folder.ts";

const base = { "double.sh": "echo 0\n" };
const hidden = { "hidden/score.sh": '[ "$(sh double.sh 21)" = 42 ] && echo 1 || echo 0.25\n' };
const spec = { type: "command", files: "hidden", command: 'reward "$(sh hidden/score.sh)"' };

const verdictOf = (written: Readonly<Record<string, string>>, change: object = {}, seconds = 60) =>
  gradeInFolder({ ...spec, ...change }, { base, hidden, changes: changesOf(written), seconds });

describe("the command", () => {
  test("tells the reward: of a solution, of nothing, and of what is in between", async () => {
    expect(await verdictOf({ "double.sh": "echo $(($1 * 2))\n" })).toMatchObject({ reward: 1, flags: [] });
    expect(await verdictOf({})).toMatchObject({ reward: 0.25, flags: [] });
  });

  test.for([
    ["a number beyond the range", "reward 7", 1],
    ["one below it", "reward -3", 0],
    ["an exponent", "reward 2.5e-1", 0.25],
    ["an object on several lines", `reward '{\n "reward": 0.5,\n "other": 2 }'`, 0.5],
    ["a number, and then fails", "reward 0.5; exit 3", 0.5],
    ["a number after much else", "seq 1 10000; printf 'no line end'; reward 0.5", 0.5],
  ] as const)("may tell %s", async ([, command, reward]) => {
    expect(await verdictOf({}, { command })).toMatchObject({ status: "scored", reward });
  });

  test.for([
    ["nothing", "true"],
    ["what is no number", "reward high"],
    ["a number that is none", "reward NaN"],
    ["an infinite one", "reward 1e999"],
    ["two numbers", "reward 1; reward 1"],
    ["a number on its output alone", "echo 1"],
    ["nothing because it cannot start", "berth-has-no-such-command"],
    ["nothing for a fault of its syntax", "if"],
  ] as const)("that tells %s even without the policy leaves the rollout unscored", async ([, command]) => {
    expect(await verdictOf({}, { command })).toMatchObject({
      status: "unscored",
      reason: { code: "invalid_environment", cause: "task" },
    });
  });

  test("has no key for anything that it starts", async () => {
    const command = 'env | grep -c berth_key; cat; reward "$(env | grep -c berth_key)"';
    expect(await verdictOf({}, { command })).toMatchObject({ reward: 0 });
  });

  test("comes to a workspace in which what came before has ended, and hidden files only then", async () => {
    const change = {
      before: 'for product in double.*; do sh "$product" 21; done > out',
      command: "[ -e hidden/score.sh ] && grep -qx 42 out && reward 1 || reward 0",
    };
    expect(await verdictOf({ "double.sh": "echo 42\n" }, change)).toMatchObject({ reward: 1 });
    expect(await verdictOf({ "double.sh": "cat hidden/score.sh\n" }, change)).toMatchObject({ reward: 0 });
  });
});

describe("a policy gains nothing that", () => {
  test.for([
    ["prints a number", "echo 1\n", 0.25],
    ["prints a line like the command's", `echo; echo ${"a".repeat(64)} 1\n`, 0.25],
    ["calls reward itself", "reward 1; echo 0\n", 0.25],
    ["writes to the command's output", 'echo "x 1" > /proc/$PPID/fd/1; echo "1" > /proc/$PPID/fd/1\n', 0],
    [
      "looks for the key",
      'key=$(tr "\\0" "\\n" < /proc/$PPID/environ | grep berth_key); printf "\\n%s 1\\n" "$key" >&2\n',
      0.25,
    ],
    ["ends with a status of its own", "exit 0\n", 0.25],
  ] as const)("%s", async ([, text, most]) => {
    const verdict = await verdictOf({ "double.sh": text });
    expect(verdict.status).toBe("scored");
    expect(verdict.reward).toBeLessThanOrEqual(most);
  });

  test("ends the shell of the task", async () => {
    const killed = { status: "scored", reward: 0, flags: ["no_reward"] };
    expect(await verdictOf({ "double.sh": "kill -9 $PPID\n" })).toMatchObject(killed);
    const command = 'for product in double.*; do sh "$product"; done; reward 0.5';
    expect(await verdictOf({ "double.sh": "kill -9 $PPID\n" }, { command })).toMatchObject(killed);
    expect(await verdictOf({}, { command })).toMatchObject({ reward: 0.5 });
  });

  test("takes longer than there is time", async () => {
    const verdict = await verdictOf({ "double.sh": "sleep 60\n" }, {}, 1);
    expect(verdict).toMatchObject({ status: "scored", reward: 0, flags: ["no_reward"] });
  });

  test("replaces the task's own script", async () => {
    const verdict = await verdictOf({ "hidden/score.sh": "echo 1\n", "hidden/score.sh.orig": "" });
    expect(verdict).toMatchObject({ reward: 0.25, flags: ["touched_hidden_files"] });
  });

  test("brings a shell of its own, or what a shell reads when it starts", async () => {
    const verdict = await verdictOf({ sh: "echo 1\n", ".profile": "echo 1\n", ".berth-x/y": "" });
    expect(verdict).toMatchObject({ reward: 0.25 });
  });
});
