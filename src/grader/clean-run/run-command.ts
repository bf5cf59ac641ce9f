import type { IdSource } from "../../core/ids.ts";
import { BerthError } from "../../core/errors.ts";
import type { ExecResult } from "../../guest/guest.ts";
import type { GradingSandbox } from "../grader.ts";

/** Kept of each output stream for people, in bytes. */
const outputBytes = { head: 4 * 1024, tail: 12 * 1024 };
const reportPageBytes = 1024 ** 2;
/** The largest report that is read, in bytes. */
export const mostReportBytes = 32 * 1024 ** 2;

export interface PlannedCommand {
  /** For `sh -c`. */
  readonly command: string;
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** A file relative to the workspace, or what the command writes to its standard output. */
  readonly report: { readonly from: "file"; readonly path: string } | { readonly from: "stdout" };
  /** UTF-8, at most 1 MiB. */
  readonly stdin?: string;
}

export interface CommandRun {
  readonly result: ExecResult;
  /** Undefined when the command left none, or none that may be read; then `reportFault` says why. */
  readonly report: Buffer | undefined;
  readonly reportFault: string | undefined;
}

/** Runs the plan's command as the tool user, ends everything that it started, and reads what it reported. */
export async function runCommand(
  sandbox: GradingSandbox,
  plan: PlannedCommand,
  options: { timeoutMs: number; signal: AbortSignal; ids: IdSource },
): Promise<CommandRun> {
  const { guest } = sandbox;
  const callId = `grade-${options.ids.hex(8)}`;
  const result = await guest.exec(
    {
      callId,
      argv: ["/bin/sh", "-c", plan.command],
      env: plan.env,
      ...(plan.stdin !== undefined && { stdin: plan.stdin }),
      timeoutMs: options.timeoutMs,
      headBytes: outputBytes.head,
      tailBytes: outputBytes.tail,
      user: "tool",
    },
    { signal: options.signal, timeoutMs: options.timeoutMs + 30_000 },
  );
  if (result.outcome.type === "lost")
    throw new BerthError("sandbox_lost", "The grading sandbox was lost while the grader's command ran.");
  await guest.quiesce({ signal: options.signal });
  const report = plan.report;
  const pages =
    report.from === "file"
      ? (offset: number) => guest.read(report.path, { offset, limit: reportPageBytes }, { signal: options.signal })
      : async (offset: number) => {
          const page = await guest.output(
            callId,
            "stdout",
            { offset, limit: reportPageBytes },
            { signal: options.signal },
          );
          return { bytes: page.bytes, size: page.totalBytes };
        };
  return { result, ...(await readPages(pages)) };
}

async function readPages(
  page: (offset: number) => Promise<{ bytes: Buffer; size: number }>,
): Promise<Omit<CommandRun, "result">> {
  const read: Buffer[] = [];
  let offset = 0;
  try {
    for (;;) {
      const { bytes, size } = await page(offset);
      if (size > mostReportBytes)
        return { report: undefined, reportFault: `the report is larger than ${mostReportBytes} bytes` };
      read.push(bytes);
      offset += bytes.length;
      if (offset >= size) return { report: Buffer.concat(read), reportFault: undefined };
      if (bytes.length === 0) return { report: undefined, reportFault: "the report could not be read to its end" };
    }
  } catch (thrown) {
    if (!(thrown instanceof BerthError) || thrown.causedBy !== "policy") throw thrown;
    const fault =
      thrown.code === "file_not_found" ? "the command wrote no report" : `the report cannot be read: ${thrown.message}`;
    return { report: undefined, reportFault: fault };
  }
}

/** Whether the shell could not start the command at all, before any test could report. */
export const couldNotStart = ({ result, report }: CommandRun): boolean =>
  result.outcome.type === "exited" &&
  (result.outcome.code === 126 || result.outcome.code === 127) &&
  (report?.length ?? 0) === 0;
