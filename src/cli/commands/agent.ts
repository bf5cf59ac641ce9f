import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { agentRunCommand } from "./agent-run.ts";

export const agentCommand = (context: CliContext): Command =>
  new Command("agent")
    .summary("have a model work in rollouts")
    .description("Have a model work in rollouts.")
    .addHelpText("after", "\nExamples:\n  berth agent run tasks.jsonl --model NAME --out runs/first")
    .addCommand(agentRunCommand(context));
