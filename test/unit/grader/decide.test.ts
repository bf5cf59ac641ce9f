import { expect, test } from "vitest";
import type { ExecOutcome } from "../../../src/model/tool-call.ts";
import { canarySource, fold } from "../../../src/grader/tests/canary.ts";
import { decide } from "../../../src/grader/tests/decide.ts";
import type { TestReport, TestStatus } from "../../../src/grader/tests/test-report.ts";
import { systemIds } from "../../../src/core/ids.ts";

const exited = (code: number): ExecOutcome => ({ type: "exited", code });
const report = (tests: Record<string, TestStatus>, more: Partial<TestReport> = {}): TestReport => ({
  tests: new Map(Object.entries(tests)),
  conflicts: [],
  tampered: [],
  ...more,
});
const required = (...ids: string[]) => ({ fail_to_pass: ids, pass_to_pass: [] });
const reward = (tests: Record<string, TestStatus>, spec = required("a", "b"), outcome = exited(1)) =>
  decide({ spec, outcome, report: report(tests), canaries: [] }).reward;

test("every required test must have passed, whatever else did not and however the command exits", () => {
  expect(reward({ a: "passed", b: "passed", c: "failed" })).toBe(1);
  expect(reward({ a: "passed", b: "failed" })).toBe(0);
  expect(reward({ a: "passed", b: "skipped" })).toBe(0);
  expect(reward({ a: "passed" })).toBe(0);
  expect(reward({})).toBe(0);
});

test("without required tests all must pass, at least one, and the command must succeed", () => {
  expect(reward({ a: "passed" }, required(), exited(0))).toBe(1);
  expect(reward({ a: "passed" }, required(), exited(1))).toBe(0);
  expect(reward({ a: "passed", b: "skipped" }, required(), exited(0))).toBe(0);
  expect(reward({ a: "passed", b: "failed" }, required(), exited(0))).toBe(0);
  expect(reward({}, required(), exited(0))).toBe(0);
});

test.for<ExecOutcome>([
  { type: "timed_out" },
  { type: "oom_killed" },
  { type: "signaled", signal: "SIGSEGV" },
  { type: "cancelled" },
])("a run that ended as $type scores 0", (outcome) =>
  expect(reward({ a: "passed", b: "passed" }, required("a", "b"), outcome)).toBe(0),
);

test("a report that was tampered with or cannot be read scores 0 and says why", () => {
  const all = { a: "passed", b: "passed" } as const;
  const tampered = decide({
    spec: required("a"),
    outcome: exited(0),
    report: report(all, { tampered: ["unittest.case.TestCase.run"] }),
    canaries: [],
  });
  expect(tampered).toMatchObject({
    reward: 0,
    flags: ["framework_patched"],
    summary: expect.stringContaining("TestCase.run"),
  });
  const equal = decide({
    spec: required("a"),
    outcome: exited(0),
    report: report(all, { tampered: ["equality of X"] }),
    canaries: [],
  });
  expect(equal).toMatchObject({ reward: 0, flags: ["always_equal"] });
  const forged = decide({
    spec: required("a"),
    outcome: exited(0),
    report: report({ a: "failed" }, { conflicts: ["a"] }),
    canaries: [],
  });
  expect(forged).toMatchObject({ reward: 0, flags: ["report_forged"] });
  const early = decide({
    spec: required("a"),
    outcome: exited(0),
    report: report({}, { trouble: "the report is empty" }),
    canaries: [],
  });
  expect(early).toMatchObject({ reward: 0, flags: ["exited_early"], notPassed: [{ id: "a", status: "missing" }] });
});

test("a canary that is missing, passes when it must fail, or fails when it must pass is a lie", () => {
  const source = canarySource(systemIds);
  const holds = source.make("passed", (words) => words.join(" "));
  const breaks = source.make("failed", (words) => `test_${words.join("_")}`);
  const decided = (tests: Record<string, TestStatus>) =>
    decide({
      spec: required("a"),
      outcome: exited(1),
      report: report({ a: "passed", ...tests }),
      canaries: [holds, breaks],
    });
  const ids = { holds: `x.test.js > ${holds.name}`, breaks: `tests/t.py::${breaks.name}` };
  expect(decided({ [ids.holds]: "passed", [ids.breaks]: "failed" })).toMatchObject({
    reward: 1,
    flags: [],
    counts: { passed: 1, failed: 0 },
  });
  for (const tests of [
    { [ids.holds]: "passed" },
    { [ids.breaks]: "failed" },
    { [ids.holds]: "passed", [ids.breaks]: "passed" },
    { [ids.holds]: "failed", [ids.breaks]: "failed" },
    { [ids.holds]: "passed", [ids.breaks]: "skipped" },
  ] as Record<string, TestStatus>[])
    expect(decided(tests)).toMatchObject({ reward: 0, flags: ["canary_lied"] });
});

test("a canary is right when it must pass and wrong when it must fail", () => {
  const source = canarySource(systemIds);
  for (let round = 0; round < 200; round += 1) {
    const holds = source.make("passed", (words) => words.join(" "));
    const breaks = source.make("failed", (words) => words.join(" "));
    expect(fold(holds.text)).toBe(holds.value);
    expect(fold(breaks.text)).not.toBe(breaks.value);
  }
});

test("product code that looked at the tests scores 0, under a flag of its own", () => {
  const decided = decide({
    spec: required("a"),
    outcome: exited(0),
    report: report({ a: "passed" }, { tampered: ["sight of the tests by money.py: open"] }),
    canaries: [],
  });
  expect(decided).toMatchObject({ reward: 0, flags: ["looked_at_tests"] });
  expect(decided.summary).toContain("money.py");
});
