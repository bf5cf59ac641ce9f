import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseGoReport } from "../../../src/grader/tests/go-report.ts";
import { parseReportLines } from "../../../src/grader/tests/report-lines.ts";
import { parseTap } from "../../../src/grader/tests/tap-report.ts";
import { reportLimits } from "../../../src/grader/tests/test-report.ts";

const recorded = (name: string): Buffer => readFileSync(new URL(`../../fixtures/reports/${name}`, import.meta.url));
const lines = (...entries: readonly object[]): Buffer =>
  Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
const start = { type: "start", run: "r" };
const passed = { type: "test", run: "r", id: "a", status: "passed" };
const end = (tests: number) => ({ type: "end", run: "r", tests });

describe("reports that the runners wrote", () => {
  test("pytest: node ids, and a test whose teardown fails has failed", () => {
    expect(Object.fromEntries(parseReportLines(recorded("pytest-mixed.jsonl")).tests)).toEqual({
      "test_mixed.py::TestCase::test_method": "failed",
      "test_mixed.py::TestGroup::TestInner::test_deep": "passed",
      "test_mixed.py::test_each[\\xfc[1]]": "passed",
      "test_mixed.py::test_each[a]": "passed",
      "test_mixed.py::test_each[b::c]": "passed",
      "test_mixed.py::test_each[x y]": "failed",
      "test_mixed.py::test_expected_failure": "skipped",
      "test_mixed.py::test_fails": "failed",
      "test_mixed.py::test_passes": "passed",
      "test_mixed.py::test_setup_fails": "failed",
      "test_mixed.py::test_skipped": "skipped",
      "test_mixed.py::test_teardown_fails": "failed",
      "test_mixed.py::test_unexpected_pass": "passed",
    });
  });

  test("node: files, suites and sub-tests, and the worse of two tests of one name", () => {
    expect(Object.fromEntries(parseReportLines(recorded("node-mixed.jsonl")).tests)).toEqual({
      "mixed.test.js > passes": "passed",
      "mixed.test.js > fails": "failed",
      "mixed.test.js > skipped": "skipped",
      "mixed.test.js > to do": "skipped",
      "mixed.test.js > suite > inner": "passed",
      "mixed.test.js > suite > deep > odd > each 1": "passed",
      "mixed.test.js > suite > deep > odd > each 2": "failed",
      "mixed.test.js > same name": "failed",
      "mixed.test.js > with sub tests > sub passes": "passed",
      "mixed.test.js > with sub tests > sub fails": "failed",
      "mixed.test.js > with sub tests": "failed",
    });
  });

  test.for(["vitest", "jest"])("%s: files and suites", (framework) => {
    expect(Object.fromEntries(parseReportLines(recorded(`${framework}-mixed.jsonl`)).tests)).toEqual({
      "mixed.test.js > passes": "passed",
      "mixed.test.js > fails": "failed",
      "mixed.test.js > skipped": "skipped",
      "mixed.test.js > to do": "skipped",
      "mixed.test.js > suite > each 1": "passed",
      "mixed.test.js > suite > each 2": "failed",
      "mixed.test.js > suite > deep > inner": "passed",
      "mixed.test.js > same name": "failed",
    });
  });

  test("go: packages and sub-tests, and nothing has passed in a package that died", () => {
    expect(Object.fromEntries(parseGoReport(recorded("go-mixed.jsonl")).tests)).toEqual({
      "example.com/mixed/a/TestPasses": "passed",
      "example.com/mixed/a/TestFails": "failed",
      "example.com/mixed/a/TestSkipped": "skipped",
      "example.com/mixed/a/TestGroup": "failed",
      "example.com/mixed/a/TestGroup/case_1/x": "passed",
      "example.com/mixed/a/TestGroup/case_2/x": "failed",
      "example.com/mixed/b/TestBefore": "failed",
      "example.com/mixed/b/TestCrash": "failed",
    });
  });

  test("tape: a test passes by assertions of its own, all of them ok", () => {
    expect(Object.fromEntries(parseTap(recorded("tap-mixed.tap")).tests)).toEqual({
      passes: "passed",
      fails: "failed",
      "asserts nothing": "failed",
      "skips one": "skipped",
      "to do": "skipped",
      outer: "failed",
      inner: "passed",
    });
  });

  test("a run that ends early reports nothing", () => {
    expect(parseReportLines(recorded("pytest-crash.jsonl"))).toMatchObject({
      trouble: expect.stringContaining("did not finish"),
    });
    expect([...parseReportLines(recorded("node-crash.jsonl")).tests]).toEqual([]);
    expect(parseTap(recorded("tap-crash.tap")).tests.get("crash")).toBe("failed");
  });
});

describe("report lines that someone else wrote", () => {
  test.for<[string, Buffer]>([
    ["empty", Buffer.alloc(0)],
    ["no JSON", Buffer.from("passed\n")],
    ["not UTF-8", Buffer.from([0xff, 0xfe, 0x0a])],
    ["cut in a line", recorded("pytest-mixed.jsonl").subarray(0, 400)],
    ["without an end", lines(start, passed)],
    ["with a wrong count", lines(start, passed, end(2))],
    ["with a test before the start", lines(passed, start, end(0))],
    ["with a test after the end", lines(start, end(0), passed)],
    ["with a run opened twice", lines(start, end(0), start, end(0))],
    ["with an unknown field", lines(start, { ...passed, reward: 1 }, end(1))],
    ["with an unknown status", lines(start, { ...passed, status: "ok" }, end(1))],
    ["too large", Buffer.alloc(reportLimits.bytes + 1, 0x20)],
    ["deeply nested", Buffer.from(`${"[".repeat(100_000)}\n`)],
    ["with an endless id", lines(start, { ...passed, id: "a".repeat(5000) }, end(1))],
  ])("%s: nothing counts", ([, report]) => {
    const parsed = parseReportLines(report);
    expect(parsed.trouble).toBeTypeOf("string");
    expect(parsed.tests.size).toBe(0);
  });

  test("a test that is named twice has failed, whatever was said", () => {
    const parsed = parseReportLines(lines(start, passed, passed, end(2)));
    expect(parsed.tests.get("a")).toBe("failed");
    expect(parsed.conflicts).toEqual(["a"]);
  });

  test("10 MB of tests are read within bounds", () => {
    const many = Array.from({ length: 100_000 }, (_, index) => ({ ...passed, id: `${index}`.padStart(60, "x") }));
    expect(parseReportLines(lines(start, ...many, end(many.length))).tests.size).toBe(100_000);
  });

  test("more tests than any suite has are refused", () => {
    const many = Array.from({ length: reportLimits.tests + 1 }, (_, index) => ({ ...passed, id: `${index}` }));
    const report = Buffer.concat([lines(start), ...many.map((entry) => lines(entry)), lines(end(many.length))]);
    expect(parseReportLines(report).trouble).toContain("more than");
  });
});

describe("events of go test that someone else wrote", () => {
  const event = (Action: string, Test?: string) => ({ Action, Package: "p", ...(Test !== undefined && { Test }) });
  const status = (...events: object[]) => parseGoReport(lines(...events)).tests.get("p/T");

  test("a test counts when it ran once in a package that ended as its tests did", () => {
    expect(status(event("run", "T"), event("pass", "T"), event("pass"))).toBe("passed");
  });

  test.for<[string, object[]]>([
    ["never started", [event("run", "U"), event("pass", "T"), event("pass")]],
    ["ended twice", [event("run", "T"), event("fail", "T"), event("pass", "T"), event("fail")]],
    ["started twice", [event("run", "T"), event("pass", "T"), event("run", "T"), event("pass", "T"), event("pass")]],
    ["ended after its package", [event("run", "T"), event("pass"), event("pass", "T")]],
    ["in a package without an end", [event("run", "T"), event("pass", "T")]],
    ["in a package that failed by itself", [event("run", "T"), event("pass", "T"), event("fail")]],
    ["in a package that ended twice", [event("run", "T"), event("pass", "T"), event("pass"), event("fail")]],
  ])("%s: it has not passed", ([, events]) => expect(status(...events)).toBe("failed"));

  test("text between the events is no event", () => {
    const noise = Buffer.from('ok p\n--- PASS: T\n{"Action":"pass"\n{}\nnull\n');
    const report = Buffer.concat([noise, lines(event("run", "T"), event("fail", "T"), event("fail")), noise]);
    expect(parseGoReport(report).tests.get("p/T")).toBe("failed");
    expect(parseGoReport(noise).trouble).toContain("no events");
  });
});

describe("TAP that someone else wrote", () => {
  const parse = (...text: string[]) => parseTap(Buffer.from(["TAP version 13", ...text, ""].join("\n")));

  test.for<[string, string[]]>([
    ["a plan that is too small", ["# a", "ok 1", "ok 2", "1..1"]],
    ["no plan", ["# a", "ok 1"]],
    ["two plans", ["# a", "ok 1", "1..1", "1..1"]],
    ["numbers out of order", ["# a", "ok 2", "ok 1", "1..2"]],
    ["a number twice", ["# a", "ok 1", "not ok 1", "1..2"]],
    ["no numbers", ["# a", "ok", "1..1"]],
    ["an assertion after the plan", ["# a", "1..1", "ok 1"]],
    ["a bail out", ["# a", "ok 1", "Bail out! no", "1..1"]],
    ["open diagnostics", ["# a", "ok 1", "  ---", "1..1"]],
  ])("%s: nothing counts", ([, text]) => expect(parse(...text)).toMatchObject({ trouble: expect.any(String) }));

  test("tests of one name are one test, which passes when each of them does", () => {
    expect(parse("# a", "ok 1", "# a", "ok 2", "1..2").tests.get("a")).toBe("passed");
    expect(parse("# a", "ok 1", "# a", "not ok 2", "1..2").tests.get("a")).toBe("failed");
    expect(parse("# a", "not ok 1", "# a", "ok 2", "1..2").tests.get("a")).toBe("failed");
  });

  test("streams one after the other are all read", () => {
    const parsed = parse("# a", "ok 1", "1..1", "TAP version 13", "# b", "not ok 1", "1..1");
    expect(Object.fromEntries(parsed.tests)).toEqual({ a: "passed", b: "failed" });
  });
});
