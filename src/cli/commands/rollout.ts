import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { rolloutAttachCommand } from "./rollout-attach.ts";
import { rolloutCreateCommand } from "./rollout-create.ts";
import { rolloutEventsCommand } from "./rollout-events.ts";
import { rolloutExecCommand } from "./rollout-exec.ts";
import { rolloutExportCommand } from "./rollout-export.ts";
import { rolloutGradeCommand } from "./rollout-grade.ts";
import { rolloutLsCommand } from "./rollout-ls.ts";
import { rolloutRmCommand } from "./rollout-rm.ts";
import { rolloutShowCommand } from "./rollout-show.ts";

const commands = [
  rolloutCreateCommand,
  rolloutExecCommand,
  rolloutAttachCommand,
  rolloutGradeCommand,
  rolloutShowCommand,
  rolloutLsCommand,
  rolloutExportCommand,
  rolloutRmCommand,
  rolloutEventsCommand,
];

export function rolloutCommand(context: CliContext): Command {
  const group = new Command("rollout")
    .summary("use the rollouts of a running controller")
    .description("Use the rollouts of a running controller.")
    .addHelpText(
      "after",
      `
Examples:
  berth rollout create ./click.yaml
  berth rollout exec ID -- pytest -q
  berth rollout attach ID
  berth rollout grade ID
  berth rollout rm ID`,
    );
  for (const make of commands) {
    group.addCommand(
      make(context)
        .option("--url <url>", "where the controller listens (BERTH_URL; its key in BERTH_API_KEY)")
        .option("--json", "print JSON"),
    );
  }
  return group;
}
