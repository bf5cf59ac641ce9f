import { Command } from "commander";
import type { CapturedStream, ToolCallResult } from "../../model/tool-call.ts";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { execExitCodes, exitCodeOfOutcome, exitCodes } from "../exit-codes.ts";
import { jsonObject } from "../option-values.ts";
import { printable } from "../printable.ts";
import { shellWords } from "../shell-words.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  tool: string;
  args?: Record<string, unknown>;
  callId?: string;
  url?: string;
  json?: boolean;
}

const withoutLastNewline = (text: string): string => printable(text).replace(/\n$/, "");

const whole = ({ head, tail, truncated, total_bytes }: CapturedStream): string =>
  truncated ? `${head}\n[… ${total_bytes} bytes in all …]\n${tail}` : head + tail;

/** A command's two streams go where they belong; of other tools, what the model reads is printed. */
function printResult(terminal: Terminal, result: ToolCallResult): void {
  if (result.stdout === undefined || result.stderr === undefined) {
    terminal.out(withoutLastNewline(result.output));
  } else {
    if (result.stdout.total_bytes > 0) terminal.out(withoutLastNewline(whole(result.stdout)));
    if (result.stderr.total_bytes > 0) terminal.err(withoutLastNewline(whole(result.stderr)));
  }
  if (result.error) terminal.err(`${result.error.code}: ${printable(result.error.message)}`);
}

function endOf({ outcome, error }: ToolCallResult): number {
  if (outcome !== undefined) return exitCodeOfOutcome(outcome);
  return error ? exitCodes.no : exitCodes.ok;
}

async function exec(context: CliContext, id: string, words: string[], options: Options): Promise<void> {
  // Until the command has run, whatever goes wrong is not its doing.
  context.endWith(execExitCodes.berth_failed);
  const args = options.args ?? (options.tool === "shell" ? { command: shellWords(words) } : {});
  const call = { arguments: args, ...(options.callId === undefined ? {} : { call_id: options.callId }) };
  const result = await clientFor(context, options).callTool(id, options.tool, call);
  context.endWith(endOf(result));
  if (options.json) return printJson(context, result);
  printResult(context.terminal, result);
}

export const rolloutExecCommand = (context: CliContext): Command =>
  new Command("exec")
    .summary("use a tool")
    .description(
      "Runs a command with the shell tool, or uses another tool. Ends as the command does. One word goes to the shell as it is; several are quoted.",
    )
    .argument("<id>", "the rollout")
    .argument("[words...]", "the command, behind --")
    .option("--tool <name>", "the tool", "shell")
    .option("--args <json>", "its arguments", jsonObject)
    .option("--call-id <id>", "the same again gives the stored result")
    .addHelpText(
      "after",
      `
Examples:
  berth rollout exec ID -- pytest -q tests/test_basic.py
  berth rollout exec ID -- 'cd src && ls | head'
  berth rollout exec ID --tool grep --args '{"pattern": "def main"}'`,
    )
    .action((id: string, words: string[], options: Options, command: Command) => {
      if (options.args !== undefined && words.length > 0)
        command.error("error: --args and a command exclude each other");
      if (options.args === undefined && options.tool === "shell" && words.length === 0)
        command.error("error: name a command behind --, or a tool with --tool");
      return exec(context, id, words, options);
    });
