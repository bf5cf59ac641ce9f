import { Command, Option } from "commander";
import { exportFormats, type ExportFormat } from "../../rollout/export/lines.ts";
import { clientFor, type CliContext } from "../context.ts";

interface Options {
  group?: string;
  format: ExportFormat;
  url?: string;
  json?: boolean;
}

export const rolloutExportCommand = (context: CliContext): Command =>
  new Command("export")
    .summary("print scored rollouts for a notebook")
    .description(
      "Prints every scored rollout, newest first, a line each: as JSON with its trajectory, or as a table of rewards and costs. Those without a score are left out.",
    )
    .option("--group <name>", "only of this group")
    .addOption(new Option("--format <name>", "how").choices(exportFormats).default("jsonl"))
    .addHelpText(
      "after",
      `
Examples:
  berth rollout export > rollouts.jsonl
  berth rollout export --group step-12 --format csv > step-12.csv`,
    )
    .action(async ({ group, format: named, ...options }: Options) => {
      const format = options.json ? "jsonl" : named;
      const lines = clientFor(context, options).exportRollouts({ format, ...(group === undefined ? {} : { group }) });
      for await (const line of lines) context.terminal.out(line);
    });
