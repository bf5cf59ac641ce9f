import { refusedReport, reportText, TestCollector, type TestReport, type TestStatus } from "./test-report.ts";

interface TapTest {
  name: string;
  assertions: number;
  failed: boolean;
  /** An assertion was skipped or is still to do. */
  unsure: boolean;
}

/** One TAP stream: from its version line to its plan. */
class TapStream {
  readonly tests: TapTest[] = [];
  planned: number | undefined;
  assertions = 0;
  #diagnostics = false;

  /** Takes one line; gives why the stream cannot be believed, if so. */
  take(text: string): string | undefined {
    if (this.#diagnostics) {
      if (/^\s+\.\.\.$/.test(text)) this.#diagnostics = false;
      return undefined;
    }
    if (/^Bail out!/i.test(text)) return "the run bailed out";
    if (/^\s+---$/.test(text)) {
      this.#diagnostics = true;
      return undefined;
    }
    const plan = /^1\.\.(\d{1,9})\b/.exec(text);
    if (plan !== null) {
      if (this.planned !== undefined) return "a stream has two plans";
      this.planned = Number(plan[1]);
      return undefined;
    }
    const assertion = /^(not )?ok\b(?: (\d{1,9})\b)?(.*)$/.exec(text);
    if (assertion !== null) return this.#assert(assertion[1] === undefined, assertion[2], assertion[3] ?? "");
    if (text.startsWith("# ") && this.planned === undefined) this.#open(text.slice(2));
    return undefined;
  }

  get complete(): boolean {
    return this.planned === this.assertions && !this.#diagnostics;
  }

  #open(name: string): void {
    const skipped = /^(?:SKIP|TODO)\b\s*/i.exec(name);
    this.tests.push({
      name: name.slice(skipped?.[0].length ?? 0),
      assertions: 0,
      failed: false,
      unsure: skipped !== null,
    });
  }

  #assert(ok: boolean, number: string | undefined, rest: string): string | undefined {
    if (this.planned !== undefined) return "an assertion comes after the plan";
    this.assertions += 1;
    if (Number(number) !== this.assertions) return "the assertions are not numbered one after the other";
    const test = this.tests.at(-1);
    if (test === undefined) return undefined;
    test.assertions += 1;
    if (/#\s*(?:SKIP|TODO)\b/i.test(rest)) test.unsure = true;
    else if (!ok) test.failed = true;
    return undefined;
  }
}

/**
 * TAP 13 as tape writes it, several streams one after the other. A test has passed when it made an assertion and all of
 * them are ok; names are all that TAP has, so tests of one name are one test, which passes when each of them does. Other output may stand between the lines; what looks like TAP counts as TAP.
 */
export function parseTap(report: Buffer): TestReport {
  const read = reportText(report);
  if ("trouble" in read) return refusedReport(read.trouble);
  const collected = new TestCollector();
  const byName = new Map<string, TestStatus>();
  let stream: TapStream | undefined;
  const close = () => {
    if (stream === undefined) return;
    if (!stream.complete) collected.refuse("a stream's plan and its assertions differ in number");
    for (const test of stream.tests) byName.set(test.name, worse(byName.get(test.name), statusOf(test)));
  };
  for (const text of read.text.split(/\r?\n/)) {
    if (collected.refused) break;
    if (/^TAP version \d+$/.test(text)) {
      close();
      stream = new TapStream();
      continue;
    }
    const fault = stream?.take(text);
    if (fault !== undefined) collected.refuse(fault);
  }
  if (stream === undefined) return refusedReport("there is no TAP in the output");
  if (!collected.refused) close();
  for (const [name, status] of byName) collected.add(name, status);
  return collected.report();
}

const badness: readonly TestStatus[] = ["passed", "skipped", "failed"];

/** A name that was printed once too often can only lose by it. */
function worse(known: TestStatus | undefined, status: TestStatus): TestStatus {
  return known !== undefined && badness.indexOf(known) > badness.indexOf(status) ? known : status;
}

function statusOf(test: TapTest): TestStatus {
  if (test.failed) return "failed";
  if (test.unsure) return "skipped";
  return test.assertions > 0 ? "passed" : "failed";
}
