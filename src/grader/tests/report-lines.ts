import { z } from "zod";
import { refusedReport, reportText, TestCollector, type TestReport } from "./test-report.ts";

/**
 * The one report format of the frameworks that take a reporter of ours: a JSON object a line. Each process of a runner
 * opens a run, names each of its tests once, and closes the run with their number. A run that was not closed did not
 * finish, and then nothing of the report counts.
 */
const line = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("start"), run: z.string().min(1).max(64) }),
  z.strictObject({
    type: z.literal("test"),
    run: z.string(),
    id: z.string(),
    status: z.enum(["passed", "failed", "skipped"]),
  }),
  z.strictObject({ type: z.literal("tampered"), run: z.string(), what: z.string() }),
  z.strictObject({ type: z.literal("end"), run: z.string(), tests: z.number().int().min(0) }),
]);

/** A command starts a handful of runners; more is a flood. */
const mostRuns = 1000;

export function parseReportLines(report: Buffer): TestReport {
  const read = reportText(report);
  if ("trouble" in read) return refusedReport(read.trouble);
  if (!read.text.endsWith("\n")) return refusedReport("the report breaks off in the middle of a line");

  const tests = new TestCollector();
  const open = new Map<string, number>();
  const runs = new Set<string>();
  for (const text of read.text.slice(0, -1).split("\n")) {
    if (tests.refused) break;
    const entry = parseLine(text);
    if (entry === undefined) {
      tests.refuse("the report has a line that the reporter does not write");
    } else if (entry.type === "start") {
      if (runs.has(entry.run) || runs.size >= mostRuns) tests.refuse("the report opens a run twice, or too many runs");
      runs.add(entry.run);
      open.set(entry.run, 0);
    } else {
      const count = open.get(entry.run);
      if (count === undefined) tests.refuse("the report names a run that is not open");
      else if (entry.type === "tampered") tests.tamper(entry.what);
      else if (entry.type === "test") {
        open.set(entry.run, count + 1);
        tests.add(entry.id, entry.status);
      } else {
        if (entry.tests !== count) tests.refuse("a run of the report counts other tests than it names");
        open.delete(entry.run);
      }
    }
  }
  if (open.size > 0) tests.refuse("the test run did not finish: its report has no end");
  return tests.report();
}

function parseLine(text: string): z.infer<typeof line> | undefined {
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
