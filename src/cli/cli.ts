import { Command } from "commander";
import { agentCommand } from "./commands/agent.ts";
import { auditCommand } from "./commands/audit.ts";
import { benchCommand } from "./commands/bench.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { envCommand } from "./commands/env.ts";
import { gcCommand } from "./commands/gc.ts";
import { imageCommand } from "./commands/image.ts";
import { rftCommand } from "./commands/rft.ts";
import { rolloutCommand } from "./commands/rollout.ts";
import { serveCommand } from "./commands/serve.ts";
import type { CliContext } from "./context.ts";
import { exitCodeHelp } from "./exit-codes.ts";

const commands: readonly ((context: CliContext) => Command)[] = [
  serveCommand,
  demoCommand,
  benchCommand,
  doctorCommand,
  envCommand,
  imageCommand,
  rolloutCommand,
  agentCommand,
  rftCommand,
  gcCommand,
  auditCommand,
];

/** Errors of usage leave as exceptions and go to the context's terminal: settings that commander hands down only on its own `command()`. */
function tame(command: Command, context: CliContext): void {
  command
    .exitOverride()
    .showHelpAfterError("(--help shows how)")
    .configureOutput({
      writeOut: (text) => context.terminal.out(text.replace(/\n$/, "")),
      writeErr: (text) => context.terminal.err(text.replace(/\n$/, "")),
    });
  for (const inner of command.commands) tame(inner, context);
}

export function buildCli(context: CliContext, version: string): Command {
  const program = new Command("berth")
    .description("Sandboxes, tools and grading for training coding agents.")
    .version(version)
    .addHelpText(
      "after",
      `
Examples:
  berth doctor
  berth demo
  BERTH_API_KEYS="$(openssl rand -hex 24)" berth serve
  berth rollout create ./environment.yaml
${exitCodeHelp}`,
    );
  for (const make of commands) program.addCommand(make(context));
  tame(program, context);
  return program;
}
