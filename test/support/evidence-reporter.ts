import type {
  Reporter,
  SerializedError,
  TestCase,
  TestModule,
  TestSpecification,
  TestSuite,
  Vitest,
} from "vitest/node";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";

declare module "vitest" {
  interface TaskMeta {
    /** The provider that a suite or a test runs on; inherited by what is inside. */
    backend?: string;
  }
}

const backends = new Set(["oci", "docker", "kubernetes", "memory", "sqlite", "postgres"]);

/** `meta.backend` of the test or of a suite around it, else the title of a suite around it that is a backend's name. */
function backendOf(test: TestCase): string | null {
  let at: TestCase | TestSuite | TestModule = test;
  for (;;) {
    const declared = at.meta().backend;
    if (declared !== undefined) return declared;
    if (at.type === "module") return null;
    if (at.type === "suite" && backends.has(at.name)) return at.name;
    at = at.parent;
  }
}

const firstLine = (error: SerializedError | undefined): string =>
  (error?.message ?? "no message").split("\n", 1)[0] ?? "";

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A skip counts as skipped only when it gave a reason and was allowed: otherwise its row is not ok and it counts as failed. */
export function tally(rows: readonly EvidenceRow[]): Tally {
  const count = (test: (row: EvidenceRow) => boolean) => rows.filter(test).length;
  return {
    passed: count((row) => row.ok && row.result === "passed"),
    failed: count((row) => !row.ok),
    skipped: count((row) => row.ok && row.result === "skipped"),
  };
}

export interface SkippedTest {
  readonly backend: string | null;
  readonly reason: string | undefined;
}

/** Why a skip is a failure; undefined when it is allowed. */
export function refusal(skip: SkippedTest, requiredBackends: ReadonlySet<string>): string | undefined {
  if (skip.reason === undefined) return "skipped without a reason: use `context.skip(reason)`";
  if (skip.backend !== null && requiredBackends.has(skip.backend)) {
    return `skipped although REQUIRE_PROVIDERS names ${skip.backend}: ${skip.reason}`;
  }
  return undefined;
}

/**
 * Writes `reports/test.json` after a run of every suite, or `reports/test-<suites>.json` after a run of some; prints each
 * skipped test with its reason, and ends with the line `N passed, N failed, N skipped`. A skip that is not allowed
 * fails the run, and so does a suite without tests.
 */
export class EvidenceReporter implements Reporter {
  readonly #directory: string;
  readonly #suites: readonly string[];
  readonly #required: ReadonlySet<string>;
  #vitest: Vitest | undefined;
  #startedAtMs = Date.now();
  #everyFile = false;

  constructor(options: { directory: string; suites: readonly string[]; requiredBackends?: readonly string[] }) {
    this.#directory = options.directory;
    this.#suites = options.suites;
    const required = options.requiredBackends ?? (process.env["REQUIRE_PROVIDERS"] ?? "").split(",");
    this.#required = new Set(required.map((name) => name.trim()).filter((name) => name !== ""));
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
    this.#startedAtMs = Date.now();
  }

  async onTestRunStart(specifications: readonly TestSpecification[]): Promise<void> {
    this.#everyFile = specifications.length === (await this.#vitest?.globTestSpecifications())?.length;
  }

  async onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Promise<void> {
    const rows = modules.flatMap((module) => this.#rowsOf(module));
    for (const error of unhandled) rows.push(failure("no error goes unhandled", "", firstLine(error)));
    const selected = (this.#vitest?.projects ?? []).map((project) => project.name);
    const ran = this.#suites.filter((suite) => rows.some((row) => row["suite"] === suite));
    if (this.#everyFile) {
      for (const suite of selected.filter((name) => !ran.includes(name))) {
        rows.push(failure(`the suite ${suite} has tests`, suite, "no test ran"));
      }
    }
    const whole = this.#everyFile && this.#suites.every((suite) => selected.includes(suite));
    const report = evidence(whole ? "test" : ["test", ...ran].join("-"), this.#startedAtMs, rows);
    const file = await writeEvidence(this.#directory, report);
    if (!report.ok) process.exitCode = 1;
    this.#print(rows, file);
  }

  #rowsOf(module: TestModule): EvidenceRow[] {
    const suite = module.project.name;
    const file = module.relativeModuleId;
    const rows: EvidenceRow[] = [];
    for (const error of module.errors()) rows.push(failure(`${file} loads`, suite, firstLine(error)));
    for (const group of module.children.allSuites()) {
      for (const error of group.errors())
        rows.push(failure(`${group.fullName}: its hooks run`, suite, firstLine(error)));
    }
    const filtered = this.#vitest?.getGlobalTestNamePattern() !== undefined;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (filtered && result.state === "skipped" && result.note === undefined) continue;
      rows.push(this.#rowOf(test, suite, file));
    }
    return rows;
  }

  #rowOf(test: TestCase, suite: string, file: string): EvidenceRow {
    const result = test.result();
    const backend = backendOf(test);
    const row = {
      case: test.fullName,
      backend,
      result: result.state,
      expected: "passed",
      suite,
      file,
      duration_ms: Math.round(test.diagnostic()?.duration ?? 0),
    };
    if (result.state === "passed") return { ...row, ok: true };
    if (result.state === "skipped") {
      const refused = refusal({ backend, reason: result.note }, this.#required);
      return { ...row, ok: refused === undefined, reason: refused ?? result.note };
    }
    return { ...row, ok: false, reason: result.state === "failed" ? firstLine(result.errors[0]) : "did not finish" };
  }

  #print(rows: readonly EvidenceRow[], file: string): void {
    const lines: string[] = [];
    for (const row of rows) {
      if (row.result === "passed") continue;
      lines.push(`${row.ok ? "SKIPPED" : "FAILED "} ${String(row["suite"])} ${row.case}: ${String(row["reason"])}`);
    }
    const { passed, failed, skipped } = tally(rows);
    lines.push(`The rows are in ${file}.`, `${passed} passed, ${failed} failed, ${skipped} skipped`);
    process.stdout.write(`${lines.join("\n")}\n`);
  }
}

const failure = (title: string, suite: string, reason: string): EvidenceRow => ({
  case: title,
  backend: null,
  result: "failed",
  expected: "passed",
  ok: false,
  suite,
  reason,
});
