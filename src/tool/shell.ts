import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import { reportCommand } from "./command-report.ts";
import { countField, pathField } from "./fields.ts";
import { defineTool } from "./tool.ts";

/** Linux takes no longer single argument (MAX_ARG_STRLEN), in bytes with the closing NUL. */
const maxCommandBytes = 131_071;

/** The command is an argument of its own: nothing is quoted. Without --norc bash reads ~/.bashrc where standard input is a socket. */
const byBash = (command: string) => ["bash", "--norc", "-c", "--", command];
const bySh = (command: string) => ["/bin/sh", "-c", "--", command];

export const shell = defineTool({
  name: "shell",
  description: `Runs a command line in the sandbox with bash (sh where there is no bash) and waits for it to end.
Each call starts a new shell in the workspace: changed directories and variables do not outlive it, files do. Standard input is empty. When the call ends, all that it started is killed, background processes too. There is no terminal.
Comes back: standard output, then standard error behind a line [stderr], then, unless the exit code is 0, a line that says how it ended. Of long output the beginning and the end are given, and how many bytes are missing between them.
Use it to build, test, and inspect; grep, read_file and edit_file are better at searching, reading and changing files.`,
  effect: "write",
  arguments: z.strictObject({
    command: z
      .string()
      .min(1)
      .refine((command) => !command.includes("\0"), { error: "must not contain a NUL character" })
      .refine((command) => Buffer.byteLength(command) <= maxCommandBytes, {
        error: `must be at most ${maxCommandBytes} bytes; write longer text to a file with write_file`,
      })
      .describe("The command line, as typed into bash; several lines are fine."),
    cwd: pathField("Directory to run in, relative to the workspace. Default: the workspace.").optional(),
    timeout_ms: countField(
      1,
      600_000,
      120_000,
      "Milliseconds after which the command and all that it started are killed.",
    ),
    max_output_bytes: countField(
      1024,
      131_072,
      32_768,
      "Most bytes given of each of stdout and stderr: half from the beginning, half from the end.",
    ),
  }),
  async run({ guest, callId, env, signal }, { command, cwd, timeout_ms: timeoutMs, max_output_bytes: maxBytes }) {
    const headBytes = Math.ceil(maxBytes / 2);
    const result = await guest.exec(
      {
        callId,
        argv: byBash(command),
        otherwise: bySh(command),
        ...(cwd === undefined ? {} : { cwd }),
        env,
        timeoutMs,
        headBytes,
        tailBytes: maxBytes - headBytes,
      },
      { signal },
    );
    const { outcome, stdout, stderr, durationMs, survivorsKilled } = result;
    if (outcome.type === "lost") throw new BerthError("sandbox_lost", "The sandbox was lost while the command ran.");
    return {
      output: reportCommand(result, { timeoutMs, callId }),
      outcome,
      stdout,
      stderr,
      data: { duration_ms: durationMs, survivors_killed: survivorsKilled },
      truncated: stdout.truncated || stderr.truncated,
    };
  },
});
