import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { rftJobCreateCommand } from "./rft-job-create.ts";
import { rftJobWatchCommand } from "./rft-job-watch.ts";

export const rftJobCommand = (context: CliContext): Command =>
  new Command("job")
    .summary("submit and follow jobs of a hosted trainer")
    .description("Jobs of OpenAI, of Azure, or of what speaks like them.")
    .addHelpText("after", "\nExamples:\n  berth rft job create job.yaml\n  berth rft job watch ftjob-abc123")
    .addCommand(rftJobCreateCommand(context))
    .addCommand(rftJobWatchCommand(context));
