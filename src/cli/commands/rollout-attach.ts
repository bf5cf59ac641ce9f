import { randomBytes } from "node:crypto";
import { Command } from "commander";
import { BerthFailure } from "../../client/failure.ts";
import type { TerminalReport } from "../../model/terminal.ts";
import { attach } from "../attach/attach.ts";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { execExitCodes, exitCodeOfOutcome } from "../exit-codes.ts";
import { printableLine } from "../printable.ts";
import { shellWords } from "../shell-words.ts";

interface Options {
  name: string;
  patience: string;
  url?: string;
  json?: boolean;
}

const second = 1000;

async function run(context: CliContext, id: string, words: string[], options: Options): Promise<void> {
  // Until the terminal has ended, whatever goes wrong is not its doing.
  context.endWith(execExitCodes.berth_failed);
  const { name } = options;
  const screen = context.screen();
  const terminal = clientFor(context, options).terminal(id, name);
  const note = (text: string) => context.terminal.err(`\r\n[berth: ${text}]\r`);
  const command = words.length === 0 ? {} : { command: shellWords(words) };
  const size = screen.size() ?? {};
  const there = await terminal.open({ open_id: `attach-${token()}`, ...command, ...size }).then(
    () => false,
    (thrown: unknown) => {
      if (thrown instanceof BerthFailure && thrown.code === "session_exists" && words.length === 0) return true;
      throw thrown;
    },
  );
  note(`${there ? "connected again to" : "opened"} the terminal ${name}; Ctrl-] leaves it`);
  const patienceMs = Number(options.patience) * second;
  const end = await attach({ terminal, writer: token(), screen, patienceMs, onNote: note });
  if (end === "detached") {
    context.endWith(0);
    return note(`left; it goes on: berth rollout attach ${id} --name ${name}`);
  }
  tell(context, end, options);
}

function tell(context: CliContext, end: TerminalReport, { json }: Options): void {
  if (end.outcome) context.endWith(exitCodeOfOutcome(end.outcome));
  if (json) return printJson(context, end);
  const how = end.outcome?.type === "exited" ? `exit code ${end.outcome.code}` : (end.outcome?.type ?? "ended");
  context.terminal.err(`[berth: the terminal ${printableLine(end.name)} has ended: ${how}]`);
}

const token = (): string => randomBytes(12).toString("hex");

export const rolloutAttachCommand = (context: CliContext): Command =>
  new Command("attach")
    .summary("work in a rollout's sandbox at a terminal")
    .description(
      `Opens a shell, or the command behind --, at a terminal in the sandbox, or connects again to the terminal of that name. It goes on when the connection breaks, when the controller is restarted, and when you leave with Ctrl-]. Ends as its first program does.
The sandbox is the policy's, and what it shows are its bytes: treat it as you would a hostile machine that you log in to. What is done here is not in the trajectory; the audit log says who opened a terminal.`,
    )
    .argument("<id>", "the rollout")
    .argument("[words...]", "a command, behind --")
    .option("--name <name>", "the terminal's name", "attach")
    .option("--patience <seconds>", "how long a controller that does not answer is waited for", "300")
    .addHelpText(
      "after",
      `
Examples:
  berth rollout attach ID
  berth rollout attach ID --name tests -- pytest -q
  berth rollout attach ID --name tests`,
    )
    .action((id: string, words: string[], options: Options, command: Command) => {
      if (!/^\d{1,6}$/.test(options.patience)) command.error("error: --patience takes whole seconds");
      return run(context, id, words, options);
    });
