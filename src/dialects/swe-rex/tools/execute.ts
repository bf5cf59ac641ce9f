import { constants } from "node:os";
import type { ExecOutcome } from "../../../model/tool-call.ts";
import { runCommand } from "../../../tool/shell/run-command.ts";
import type { ToolContext } from "../../../tool/tool.ts";
import { COMMAND_TIMEOUT, DENIED, NON_ZERO_EXIT, NOT_FOUND, SWEREX_ERROR } from "../class-paths.ts";
import { Raised, recorded } from "../raised.ts";
import { streamText } from "../stream-text.ts";
import { command, type Command } from "../wire.ts";
import { doorTool } from "./door-tool.ts";

const mostBytes = 262_144;

/** Goes to its directory, lets the streams be one, and becomes the program. 253: there is no such directory. */
const launcher = `if [ -n "$1" ]; then cd -- "$1" || exit 253; fi
[ "$2" = merged ] && exec 2>&1
shift 2
exec "$@"`;

/** Runs a command as Python's subprocess.run does. */
export const execute = doorTool("swe_rex_execute", command, (context, asked) =>
  recorded(async () => {
    const { outcome, stdout, stderr } = await run(asked, context);
    const answer = { stdout: streamText(stdout), stderr: streamText(stderr), exit_code: codeOf(outcome) };
    if (outcome.type === "timed_out")
      throw new Raised(COMMAND_TIMEOUT, `Killed after ${asked.timeout ?? context.mostMs / 1000} seconds.`);
    if (outcome.type === "oom_killed" || outcome.type === "cancelled")
      throw new Raised(SWEREX_ERROR, outcome.type === "cancelled" ? "The command was cancelled." : "Out of memory.");
    assertStarted(asked, answer);
    if (asked.check && answer.exit_code !== 0) throw failed(asked, answer);
    return { output: answer.stdout + answer.stderr, answer };
  }),
);

interface Executed {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit_code: number | null;
}

function run(asked: Command, context: ToolContext) {
  const { command: words, shell, timeout, env, cwd, merge_output_streams: merged } = asked;
  const given = typeof words === "string" ? [words] : words;
  const program = shell ? ["/bin/sh", "-c", ...given] : given;
  const clean = env ? ["env", "-i", ...Object.entries(env).map(([name, value]) => `${name}=${value}`)] : [];
  const limitMs = timeout === undefined || timeout === null ? context.mostMs : Math.max(1, Math.ceil(timeout * 1000));
  const argv = ["/bin/sh", "-c", launcher, "sh", cwd ?? "", merged ? "merged" : "apart", ...clean, ...program];
  return runCommand(context, { argv, timeoutMs: Math.min(limitMs, context.mostMs), maxBytes: mostBytes });
}

/** As Python has it: the signal's number below zero. */
function codeOf(outcome: ExecOutcome): number | null {
  if (outcome.type === "exited") return outcome.code;
  return outcome.type === "signaled" ? -(signals[outcome.signal] ?? 0) : null;
}

const signals: Readonly<Record<string, number>> = constants.signals;

/** A shell says of a program that it cannot start: 126 and 127, with its own name before the reason. */
function assertStarted({ command: words, shell, cwd }: Command, { exit_code: code, stderr, stdout }: Executed): void {
  const said = `${stderr}${stdout}`;
  const name = typeof words === "string" ? words : words[0];
  if (code === 253 && /^(\/bin\/)?sh: /.test(said)) throw new Raised(NOT_FOUND, `There is no directory ${cwd}.`);
  if (shell || !/^((\/bin\/)?sh|env): /.test(said)) return;
  if (code === 127) throw new Raised(NOT_FOUND, `There is no program ${JSON.stringify(name)}.`);
  if (code === 126) throw new Raised(DENIED, `${JSON.stringify(name)} cannot be run.`);
}

function failed(
  { command: words, error_msg: message }: Command,
  { stdout, stderr, exit_code: code }: Executed,
): Raised {
  const said = `Exit code ${code} of ${JSON.stringify(words)}. Stdout:\n${stdout}\nStderr:\n${stderr}`;
  return new Raised(NON_ZERO_EXIT, message === "" ? said : `${message}: ${said}`);
}
