import { BerthError } from "../../core/errors.ts";
import type { ExecResult } from "../../guest/guest.ts";
import type { ToolOutputInput } from "../../model/tool-call.ts";
import type { ToolContext } from "../tool.ts";
import { reportCommand } from "./command-report.ts";

export interface Command {
  readonly argv: readonly string[];
  /** Started where the program of `argv` does not exist. */
  readonly otherwise?: readonly string[];
  readonly cwd?: string | undefined;
  /** Laid over the context's. */
  readonly env?: Readonly<Record<string, string>>;
  /** UTF-8, at most 1 MiB. */
  readonly stdin?: string;
  readonly timeoutMs: number;
  /** Of each stream: half from the beginning, half from the end. */
  readonly maxBytes: number;
}

/**
 * Runs the one command of a call, under its call id.
 * @throws BerthError `sandbox_lost`
 */
export async function runCommand(context: ToolContext, command: Command): Promise<ExecResult> {
  const { guest, callId, env, signal } = context;
  const { argv, otherwise, cwd, stdin, timeoutMs, maxBytes } = command;
  const headBytes = Math.ceil(maxBytes / 2);
  const result = await guest.exec(
    {
      callId,
      argv,
      ...(otherwise === undefined ? {} : { otherwise }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(stdin === undefined ? {} : { stdin }),
      env: { ...env, ...command.env },
      timeoutMs,
      headBytes,
      tailBytes: maxBytes - headBytes,
    },
    { signal },
  );
  if (result.outcome.type === "lost")
    throw new BerthError("sandbox_lost", "The sandbox was lost while the command ran.");
  return result;
}

/** What a call answers that ran a command and has nothing to add. */
export function commandAnswer(
  context: ToolContext,
  command: Pick<Command, "timeoutMs">,
  result: ExecResult,
): ToolOutputInput {
  const { outcome, stdout, stderr, durationMs, survivorsKilled } = result;
  return {
    output: reportCommand(result, { timeoutMs: command.timeoutMs, callId: context.callId }),
    outcome,
    stdout,
    stderr,
    data: { duration_ms: durationMs, survivors_killed: survivorsKilled },
    truncated: stdout.truncated || stderr.truncated,
  };
}
