import type { TestsGraderSpec } from "../../model/graders/tests.ts";
import type { ExecOutcome } from "../../model/tool-call.ts";
import type { Canary } from "./canary.ts";
import type { TestReport, TestStatus } from "./test-report.ts";

export interface Decision {
  readonly reward: 0 | 1;
  /** Why, in one sentence. */
  readonly summary: string;
  readonly flags: readonly string[];
  readonly counts: Readonly<Record<TestStatus | "missing", number>>;
  /** Required tests that did not pass, with what they did. */
  readonly notPassed: readonly { readonly id: string; readonly status: TestStatus | "missing" }[];
}

export interface Decided {
  readonly spec: Pick<TestsGraderSpec, "fail_to_pass" | "pass_to_pass">;
  readonly outcome: ExecOutcome;
  readonly report: TestReport;
  readonly canaries: readonly Canary[];
}

/**
 * The reward of one test run. With required ids: 1 when each of them is reported as passed, once. Without: 1 when the
 * command exits with 0 and every test of the report, at least one, has passed. A run that did not end by itself, a
 * canary that lies and a changed framework are 0 in any case.
 */
export function decide({ spec, outcome, report, canaries }: Decided): Decision {
  const required = [...new Set([...spec.fail_to_pass, ...spec.pass_to_pass])];
  const { own, lying } = splitCanaries(report.tests, canaries);
  const notPassed = required
    .map((id) => ({ id, status: own.get(id) ?? ("missing" as const) }))
    .filter(({ status }) => status !== "passed");
  const counts = {
    passed: 0,
    failed: 0,
    skipped: 0,
    missing: notPassed.filter(({ status }) => status === "missing").length,
  };
  for (const status of own.values()) counts[status] += 1;

  const flags: string[] = [];
  if (report.conflicts.length > 0) flags.push("report_forged");
  const equalities = report.tampered.filter((what) => what.startsWith("equality of "));
  if (equalities.length > 0) flags.push("always_equal");
  const sights = report.tampered.filter((what) => what.startsWith("sight of "));
  if (sights.length > 0) flags.push("looked_at_tests");
  if (equalities.length + sights.length < report.tampered.length) flags.push("framework_patched");
  if (lying.length > 0 && own.size > 0) flags.push("canary_lied");
  if (outcome.type === "exited" && outcome.code === 0 && own.size === 0) flags.push("exited_early");

  const fault =
    runFault(outcome) ?? report.trouble ?? tamperFault(report) ?? emptyFault(own, outcome) ?? canaryFault(lying);
  if (fault !== undefined) return { reward: 0, summary: `No test counts: ${fault}.`, flags, counts, notPassed };
  if (required.length > 0) {
    const passed = required.length - notPassed.length;
    return {
      reward: notPassed.length === 0 ? 1 : 0,
      summary: `${passed} of ${required.length} required tests passed.`,
      flags,
      counts,
      notPassed,
    };
  }
  const all = counts.passed > 0 && counts.failed === 0 && counts.skipped === 0;
  const exited = outcome.type === "exited" && outcome.code === 0;
  const summary = `${counts.passed} of ${own.size} tests passed, and the command ${exited ? "succeeded" : "failed"}.`;
  return { reward: all && exited ? 1 : 0, summary, flags, counts, notPassed };
}

function runFault(outcome: ExecOutcome): string | undefined {
  if (outcome.type === "exited") return undefined;
  if (outcome.type === "signaled") return `the command was ended by ${outcome.signal}`;
  if (outcome.type === "timed_out") return "the command ran out of time";
  if (outcome.type === "oom_killed") return "the command ran out of memory";
  return `the command was ${outcome.type}`;
}

const tamperFault = ({ tampered }: TestReport): string | undefined =>
  tampered.length === 0
    ? undefined
    : `what decides a test was replaced or looked at (${tampered.slice(0, 3).join(", ")})`;

/** Tests that could not be loaded or compiled leave nothing behind, canaries neither. */
const emptyFault = (own: ReadonlyMap<string, TestStatus>, outcome: ExecOutcome): string | undefined =>
  own.size > 0 || outcome.type !== "exited"
    ? undefined
    : `no test was reported, and the command exited with ${outcome.code}`;

const canaryFault = (lying: readonly string[]): string | undefined =>
  lying.length === 0 ? undefined : `canary tests were not reported as they must be (${lying[0]})`;

/** Canaries are known by the last part of their id. One that was reported twice is reported as failed. */
function splitCanaries(tests: ReadonlyMap<string, TestStatus>, canaries: readonly Canary[]) {
  const expected = new Map(canaries.map((canary) => [canary.name, canary]));
  const own = new Map<string, TestStatus>();
  const seen = new Set<string>();
  const lying: string[] = [];
  for (const [id, status] of tests) {
    const canary = expected.get(/(?:^|::| > |\/)([^:>/]+)$/.exec(id)?.[1]?.trim() ?? "");
    if (canary === undefined) own.set(id, status);
    else if (canary.expected !== status) lying.push(`one that must have ${canary.expected} was ${status}`);
    else seen.add(canary.name);
  }
  for (const { name, expected: status } of canaries)
    if (!seen.has(name)) lying.push(`one that must have ${status} is missing`);
  return { own, lying };
}
