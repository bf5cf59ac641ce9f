import { mostReportBytes } from "../clean-run/run-command.ts";

/** `missing` is what an id has that no report names; a report never says it. */
export type TestStatus = "passed" | "failed" | "skipped";

/** A report after it was checked. All of it may have been written by the policy. */
export interface TestReport {
  readonly tests: ReadonlyMap<string, TestStatus>;
  /** Why nothing of the report counts, in a sentence; `tests` is empty then. */
  readonly trouble?: string;
  /** Ids that were reported more than once, or in a way that contradicts itself; they count as failed. */
  readonly conflicts: readonly string[];
  /** What of the test framework was changed while it ran. */
  readonly tampered: readonly string[];
}

export const reportLimits = {
  /** Size of a report, in bytes. */
  bytes: mostReportBytes,
  tests: 200_000,
  idCharacters: 4096,
} as const;

/** Gathers the tests of a report: an id that comes twice has failed, whatever was said of it. */
export class TestCollector {
  readonly #tests = new Map<string, TestStatus>();
  readonly #conflicts = new Set<string>();
  readonly #tampered = new Set<string>();
  #trouble: string | undefined;

  add(id: string, status: TestStatus): void {
    if (id.length === 0 || id.length > reportLimits.idCharacters)
      return this.refuse("an id of the report is empty or too long");
    if (this.#tests.has(id)) this.conflict(id);
    else if (this.#tests.size >= reportLimits.tests)
      this.refuse(`the report names more than ${reportLimits.tests} tests`);
    else this.#tests.set(id, status);
  }

  conflict(id: string): void {
    this.#tests.set(id, "failed");
    this.#conflicts.add(id);
  }

  tamper(what: string): void {
    if (this.#tampered.size < 50) this.#tampered.add(what.slice(0, 200));
  }

  /** Nothing of the report counts any more; the first reason stays. */
  refuse(reason: string): void {
    this.#trouble ??= reason;
  }

  get refused(): boolean {
    return this.#trouble !== undefined;
  }

  report(): TestReport {
    const conflicts = [...this.#conflicts];
    const tampered = [...this.#tampered];
    return this.#trouble === undefined
      ? { tests: this.#tests, conflicts, tampered }
      : { tests: new Map(), trouble: this.#trouble, conflicts, tampered };
  }
}

export const refusedReport = (trouble: string): TestReport => ({
  tests: new Map(),
  trouble,
  conflicts: [],
  tampered: [],
});

/** The text of a report, or why it has none. */
export function reportText(report: Buffer): { text: string } | { trouble: string } {
  if (report.length === 0) return { trouble: "the report is empty" };
  if (report.length > reportLimits.bytes) return { trouble: `the report is larger than ${reportLimits.bytes} bytes` };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(report) };
  } catch {
    return { trouble: "the report is not UTF-8" };
  }
}
