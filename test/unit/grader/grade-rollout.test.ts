import { describe, expect, test } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import { gradeRollout, verdictOfFailure } from "../../../src/grader/grade-rollout.ts";
import type { GradingContext } from "../../../src/grader/grader.ts";
import type { ChangeSet } from "../../../src/model/change-set.ts";
import { environment } from "../../../src/model/environment.ts";
import { testsGraderSpec } from "../../../src/model/graders/tests.ts";
import { changesOf } from "../../support/graded-task.ts";
import { WorkspaceGuest, type RunsCommands } from "../../support/workspace-guest.ts";

const goEvents = (...tests: [string, "pass" | "fail"][]): string =>
  [
    ...tests.flatMap(([Test, Action]) => [
      { Action: "run", Package: "m", Test },
      { Action, Package: "m", Test },
    ]),
    { Action: tests.some(([, action]) => action === "fail") ? "fail" : "pass", Package: "m" },
  ]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join("");

/** A grading of `go test` whose sandboxes answer by a script. */
function grading(
  script: RunsCommands,
  { changeSet = changesOf({ "a.go": "x" }), spec = {} }: { changeSet?: ChangeSet; spec?: object } = {},
) {
  const guests: WorkspaceGuest[] = [];
  let open = 0;
  const parsed = testsGraderSpec.parse({
    type: "tests",
    command: "go test ./...",
    fail_to_pass: ["m/TestA"],
    files: "hidden",
    ...spec,
  });
  const context: GradingContext = {
    environment: environment.parse({ name: "task", graders: [parsed] }),
    changeSet,
    answer: undefined,
    trajectory: async () => [],
    hiddenFiles: async () => [{ path: "b.txt", content: Buffer.from("hidden"), executable: false }],
    openSandbox: async () => {
      const guest = new WorkspaceGuest({ "a.go": "base", "b.txt": "base" }, script);
      guests.push(guest);
      open += 1;
      return {
        guest,
        workdir: "/workspace",
        env: { PATH: "/bin" },
        [Symbol.asyncDispose]: async () => void (open -= 1),
      };
    },
    signal: new AbortController().signal,
    onProgress: () => {},
  };
  return { verdict: () => gradeRollout(context, [parsed]), guests, open: () => open };
}

const died = (): never => {
  throw new BerthError("sandbox_lost", "gone");
};
/** Whether the sandbox is one with the policy's change set. */
const hasPolicy = (guest: WorkspaceGuest): boolean => guest.text("a.go") === "x";

describe("the tests grader", () => {
  test("applies the change set, lays the hidden files over it and runs the command as the tool user", async () => {
    const changeSet = changesOf({ "a.go": "x", "b.txt": "policy" });
    const run = grading(() => ({ stdout: goEvents(["TestA", "pass"]) }), { changeSet });
    expect(await run.verdict()).toMatchObject({ status: "scored", reward: 1, flags: ["touched_tests"] });
    const [guest] = run.guests;
    expect(guest?.text("a.go")).toBe("x");
    expect(guest?.text("b.txt")).toBe("hidden");
    expect(guest?.executed).toMatchObject([
      { argv: ["/bin/sh", "-c", "go test -json ./..."], user: "tool", timeoutMs: 600_000, env: { PATH: "/bin" } },
    ]);
    expect(run.open()).toBe(0);
  });

  test("a test that fails, and a report that is missing, score 0", async () => {
    expect(await grading(() => ({ stdout: goEvents(["TestA", "fail"]) })).verdict()).toMatchObject({
      status: "scored",
      reward: 0,
    });
    const nothing = await grading(() => ({ stdout: "" })).verdict();
    expect(nothing).toMatchObject({ status: "scored", reward: 0, flags: ["exited_early"] });
  });

  test("running out of time or memory scores 0: the policy can bring it about", async () => {
    for (const type of ["timed_out", "oom_killed"] as const)
      expect(await grading(() => ({ outcome: { type }, stdout: goEvents(["TestA", "pass"]) })).verdict()).toMatchObject(
        { status: "scored", reward: 0 },
      );
  });

  test("a command that cannot be started without the policy either leaves the rollout unscored, after a second try", async () => {
    const run = grading(() => ({ outcome: { type: "exited", code: 127 }, stderr: "sh: go: not found" }));
    expect(await run.verdict()).toMatchObject({
      status: "unscored",
      reward: null,
      reason: { code: "grader_failed", cause: "grader" },
    });
    expect(run.guests).toHaveLength(4);
  });

  test("a command that only the policy's changes keep from starting scores 0", async () => {
    const run = grading((_, guest) =>
      hasPolicy(guest) ? { outcome: { type: "exited", code: 127 } } : { stdout: goEvents(["TestA", "fail"]) },
    );
    expect(await run.verdict()).toMatchObject({ status: "scored", reward: 0 });
  });

  test("a sandbox that dies only with the policy's changes scores 0", async () => {
    const run = grading((_, guest) => (hasPolicy(guest) ? died() : { stdout: goEvents(["TestA", "fail"]) }));
    expect(await run.verdict()).toMatchObject({ status: "scored", reward: 0, flags: ["sandbox_died"] });
    expect(run.guests).toHaveLength(3);
    expect(run.open()).toBe(0);
  });

  test("a sandbox that dies without them too leaves the rollout unscored", async () => {
    const run = grading(died);
    expect(await run.verdict()).toMatchObject({
      status: "unscored",
      reward: null,
      reason: { code: "sandbox_lost", cause: "infra" },
    });
    expect(run.open()).toBe(0);
  });

  test("a sandbox that dies once is tried again", async () => {
    let first = true;
    const run = grading(() => {
      if (!first) return { stdout: goEvents(["TestA", "pass"]) };
      first = false;
      return died();
    });
    expect(await run.verdict()).toMatchObject({ status: "scored", reward: 1 });
  });

  test("a huge output is no report", async () => {
    const flood = "x".repeat(33 * 1024 ** 2);
    expect(await grading(() => ({ stdout: flood })).verdict()).toMatchObject({ status: "scored", reward: 0 });
  });

  test("the evidence is bounded", async () => {
    const changeSet = changesOf(
      Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`conf${index}/conftest.py`, "x"])),
    );
    const spec = { fail_to_pass: Array.from({ length: 500 }, (_, index) => `m/Test${index}`) };
    const verdict = await grading(() => ({ stdout: "y".repeat(1_000_000) }), { changeSet, spec }).verdict();
    expect(JSON.stringify(verdict).length).toBeLessThan(64_000);
    expect(verdict.parts[0]?.evidence).toMatchObject({ refused_total: 500, not_passed_total: 500 });
  });
});

describe("the verdict of a rollout", () => {
  test("without graders it is unscored by the environment's fault", async () => {
    const context = {
      environment: environment.parse({ name: "bare" }),
      signal: new AbortController().signal,
    } as GradingContext;
    expect(await gradeRollout(context, [])).toMatchObject({
      status: "unscored",
      reason: { code: "invalid_environment", cause: "task" },
    });
  });

  test("of a change set that is too large is 0, of a lost sandbox none", () => {
    expect(verdictOfFailure(new BerthError("change_set_too_large", "big"))).toMatchObject({
      status: "scored",
      reward: 0,
      flags: ["change_set_too_large"],
    });
    expect(verdictOfFailure(new BerthError("sandbox_lost", "gone"))).toMatchObject({
      status: "unscored",
      reward: null,
    });
    expect(verdictOfFailure(new TypeError("a mistake of ours"))).toMatchObject({
      status: "unscored",
      reason: { code: "grader_failed" },
    });
  });
});
