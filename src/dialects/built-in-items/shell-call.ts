import { constants } from "node:os";
import type { CapturedStream, ExecOutcome } from "../../model/tool-call.ts";
import { cutTo } from "./cut.ts";
import { shellArguments } from "./shell-arguments.ts";
import { itemKey, type UseTool } from "./use-tool.ts";
import type { BuiltInOutput, ShellCall, ShellOutput } from "./wire.ts";

/** As a shell reports a command that was killed. */
const KILLED = 137;
const BY_SIGNAL = 128;

/** Runs the commands of an item one after the other; one that fails does not keep the next from running. */
export async function answerShellCall({ call_id, action }: ShellCall, useTool: UseTool): Promise<BuiltInOutput> {
  const { commands, timeout_ms: timeoutMs, max_output_length: limit } = action;
  const output: ShellOutput[] = [];
  for (const [index, command] of commands.entries()) {
    const args = shellArguments(command, { timeoutMs, characters: limit });
    const result = await useTool("shell", itemKey(call_id, index), args);
    output.push(within(outputOf(result), limit ?? undefined));
  }
  return { type: "shell_call_output", call_id, ...(typeof limit === "number" && { max_output_length: limit }), output };
}

function outputOf({ output, outcome, stdout, stderr }: Awaited<ReturnType<UseTool>>): ShellOutput {
  // It did not run: why stands where a shell would say it.
  if (!outcome) return { stdout: "", stderr: output, outcome: { type: "exit", exit_code: 1 } };
  return { stdout: textOf(stdout), stderr: textOf(stderr) + noteOn(outcome), outcome: outcomeOf(outcome) };
}

function textOf(stream: CapturedStream | undefined): string {
  if (!stream) return "";
  const { head, tail, total_bytes: total, truncated } = stream;
  const missing = total - Buffer.byteLength(head) - Buffer.byteLength(tail);
  return truncated ? `${head}\n[… ${missing} bytes left out …]\n${tail}` : head + tail;
}

function outcomeOf(outcome: ExecOutcome): ShellOutput["outcome"] {
  switch (outcome.type) {
    case "timed_out":
      return { type: "timeout" };
    case "exited":
      return { type: "exit", exit_code: outcome.code };
    case "signaled":
      return { type: "exit", exit_code: BY_SIGNAL + (signals[outcome.signal] ?? 0) };
    case "oom_killed":
    case "cancelled":
    case "lost":
      return { type: "exit", exit_code: KILLED };
  }
}

const signals: Readonly<Record<string, number>> = constants.signals;

const noteOn = ({ type }: ExecOutcome): string =>
  type === "oom_killed" ? "\n[killed: out of memory]" : type === "cancelled" ? "\n[cancelled]" : "";

/** What the command wrote to stderr is the shorter part, as a rule, and gets what stdout leaves; half of it at least. */
function within({ stdout, stderr, outcome }: ShellOutput, limit: number | undefined): ShellOutput {
  if (limit === undefined || stdout.length + stderr.length <= limit) return { stdout, stderr, outcome };
  const forStderr = Math.min(stderr.length, Math.max(Math.floor(limit / 2), limit - stdout.length));
  return { stdout: cutTo(stdout, limit - forStderr), stderr: cutTo(stderr, forStderr), outcome };
}
