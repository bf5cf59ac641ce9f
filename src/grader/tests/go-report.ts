import { z } from "zod";
import { refusedReport, reportText, TestCollector, type TestReport, type TestStatus } from "./test-report.ts";

/** A line of `go test -json`; fields that decide nothing are left out. */
const event = z.object({
  Action: z.string().max(32),
  Package: z.string().max(1024).optional(),
  Test: z.string().max(2048).optional(),
});

const ends: Readonly<Record<string, TestStatus>> = { pass: "passed", fail: "failed", skip: "skipped" };

interface GoPackage {
  end: TestStatus | undefined;
  readonly started: Set<string>;
  readonly ended: Map<string, TestStatus>;
  readonly conflicts: Set<string>;
}

/**
 * The events of `go test -json`. Ids are `package/TestName/sub`. A test counts when it was started once and ended once,
 * in a package that ended. A package that failed though no test of it did was broken from outside its tests: none of them
 * has passed. Lines that are no JSON objects are other output.
 */
export function parseGoReport(report: Buffer): TestReport {
  const read = reportText(report);
  if ("trouble" in read) return refusedReport(read.trouble);
  const packages = new Map<string, GoPackage>();
  for (const text of read.text.split("\n")) {
    if (!text.startsWith("{")) continue;
    const entry = parseEvent(text);
    if (entry?.Package === undefined) continue;
    let pkg = packages.get(entry.Package);
    if (pkg === undefined)
      packages.set(
        entry.Package,
        (pkg = { end: undefined, started: new Set(), ended: new Map(), conflicts: new Set() }),
      );
    take(pkg, entry.Action, entry.Test);
  }
  if (packages.size === 0) return refusedReport("there are no events of `go test -json` in the output");
  const tests = new TestCollector();
  for (const [path, pkg] of packages) collect(tests, path, pkg);
  return tests.report();
}

function take(pkg: GoPackage, action: string, test: string | undefined): void {
  const end = ends[action];
  if (test === undefined) {
    if (end === undefined) return;
    pkg.end = pkg.end === undefined || pkg.end === end ? end : "failed";
  } else if (action === "run") {
    if (pkg.started.has(test) || pkg.end !== undefined) pkg.conflicts.add(test);
    pkg.started.add(test);
  } else if (end !== undefined) {
    if (!pkg.started.has(test) || pkg.ended.has(test) || pkg.end !== undefined) pkg.conflicts.add(test);
    pkg.ended.set(test, end);
  }
}

function collect(tests: TestCollector, path: string, pkg: GoPackage): void {
  const failed = [...pkg.ended.values()].includes("failed");
  const broken = pkg.end === undefined || (pkg.end === "failed") !== failed;
  for (const name of pkg.started) {
    const status = pkg.ended.get(name) ?? "failed";
    tests.add(`${path}/${name}`, broken && status === "passed" ? "failed" : status);
  }
  for (const name of pkg.conflicts) tests.conflict(`${path}/${name}`);
}

function parseEvent(text: string): z.infer<typeof event> | undefined {
  try {
    return event.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
