import type { ExecResult } from "../../guest/guest.ts";
import type { CapturedStream, ExecOutcome } from "../../model/tool-call.ts";
import { counted } from "../wording.ts";

/** What a model reads of a command that ended: exactly its output when all went well and nothing else is to be said. */
export function reportCommand(
  { stdout, stderr, outcome, survivorsKilled }: Pick<ExecResult, "stdout" | "stderr" | "outcome" | "survivorsKilled">,
  { timeoutMs, callId }: { timeoutMs: number; callId: string },
): string {
  const notes: string[] = [];
  const ending = describeOutcome(outcome, timeoutMs);
  if (ending !== undefined) notes.push(ending);
  if (survivorsKilled > 0 && outcome.type === "exited") {
    notes.push(
      `${counted(survivorsKilled, "process", "processes")} that the command had left running ${survivorsKilled === 1 ? "was" : "were"} killed`,
    );
  }
  if (stdout.truncated || stderr.truncated) {
    notes.push(
      `output was cut; read all of it with read_output and call_id ${JSON.stringify(callId)}, or run again with > FILE and read the file in parts`,
    );
  }
  const errors = streamText(stderr, "stderr");
  const parts = [
    streamText(stdout, "stdout"),
    errors === "" ? "" : `[stderr]\n${errors}`,
    ...notes.map((note) => `[${note}]\n`),
  ];
  const text = parts
    .filter((part) => part !== "")
    .reduce((all, part) => (all === "" || all.endsWith("\n") ? all + part : `${all}\n${part}`), "");
  return text === "" ? "[no output, exit code 0]\n" : text;
}

function streamText({ head, tail, total_bytes: total, truncated }: CapturedStream, name: string): string {
  if (!truncated) return head + tail;
  const missing = Math.max(0, total - Buffer.byteLength(head) - Buffer.byteLength(tail));
  return `${head}\n[… ${missing} of ${total} bytes of ${name} left out …]\n${tail}`;
}

/** Undefined for an exit code of 0. */
function describeOutcome(outcome: ExecOutcome, timeoutMs: number): string | undefined {
  switch (outcome.type) {
    case "exited":
      return outcome.code === 0 ? undefined : `exit code ${outcome.code}`;
    case "signaled":
      return `killed by ${outcome.signal}`;
    case "timed_out":
      return `timed out after ${timeoutMs} ms; the command and all that it started were killed; raise timeout_ms (at most 600000) or do less`;
    case "oom_killed":
      return "out of memory: the command was killed; use less memory";
    case "cancelled":
      return "cancelled before it ended";
    case "lost":
      return "lost";
  }
}
