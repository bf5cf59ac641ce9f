import { CommanderError } from "commander";
import { processScreen, type Screen } from "./attach/screen.ts";
import type { Compose } from "./berth.ts";
import { buildCli } from "./cli.ts";
import type { CliContext } from "./context.ts";
import type { ExamineCluster } from "./doctor/examine.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { printFailure } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

export interface CliInput {
  /** What stands behind the program's name. */
  readonly args: readonly string[];
  readonly compose: Compose;
  readonly examineCluster?: ExamineCluster;
  readonly terminal: Terminal;
  /** Default: the process's own. */
  readonly screen?: () => Screen;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
}

/** Runs one command and gives the exit code. Throws nothing. */
export async function runCli(input: CliInput): Promise<number> {
  const { args, compose, terminal, screen = processScreen, env, version } = input;
  let code: number | undefined;
  const context: CliContext = {
    compose,
    ...(input.examineCluster === undefined ? {} : { examineCluster: input.examineCluster }),
    terminal,
    screen,
    env,
    endWith: (wanted) => {
      code = wanted;
    },
  };
  try {
    await buildCli(context, version).parseAsync(args, { from: "user" });
    return code ?? exitCodes.ok;
  } catch (thrown) {
    // Commander has said it already; asking for help is no error.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const options = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined);
    printFailure(terminal, thrown, options.includes("--json"));
    return code ?? exitCodeOf(thrown);
  }
}
