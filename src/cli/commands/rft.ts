import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { rftJobCommand } from "./rft-job.ts";
import { rftPreflightCommand } from "./rft-preflight.ts";

export const rftCommand = (context: CliContext): Command =>
  new Command("rft")
    .summary("work with hosted trainers that call Berth's tools and grader")
    .description("Work with hosted trainers that call Berth's tools and grader (Agent RFT).")
    .addHelpText(
      "after",
      `
Examples:
  berth rft preflight --item '{"environment": "click-2697"}'
  berth rft job create job.yaml`,
    )
    .addCommand(rftPreflightCommand(context))
    .addCommand(rftJobCommand(context));
