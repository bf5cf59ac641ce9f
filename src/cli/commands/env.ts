import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { envBuildCommand } from "./env-build.ts";
import { envLsCommand } from "./env-ls.ts";
import { envRmCommand } from "./env-rm.ts";

export const envCommand = (context: CliContext): Command =>
  new Command("env")
    .description("Environments and their snapshots, in this machine's data directory.")
    .addCommand(envBuildCommand(context))
    .addCommand(envLsCommand(context))
    .addCommand(envRmCommand(context));
