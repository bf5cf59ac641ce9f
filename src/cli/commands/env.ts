import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { envBuildCommand } from "./env-build.ts";
import { envImportCommand } from "./env-import.ts";
import { envLsCommand } from "./env-ls.ts";
import { envRmCommand } from "./env-rm.ts";

export const envCommand = (context: CliContext): Command =>
  new Command("env")
    .summary("build, import, list and remove environments")
    .description("Environments and their snapshots, in this machine's data directory.")
    .addHelpText("after", "\nExamples:\n  berth env build ./click.yaml\n  berth env ls\n  berth env rm click-2697")
    .addCommand(envBuildCommand(context))
    .addCommand(envImportCommand(context))
    .addCommand(envLsCommand(context))
    .addCommand(envRmCommand(context));
