import { Command } from "commander";
import type { RolloutEvent } from "../../model/trajectory.ts";
import { clientFor, type CliContext } from "../context.ts";
import { printableLine } from "../printable.ts";

interface Options {
  url?: string;
  json?: boolean;
}

function line(event: RolloutEvent): string {
  switch (event.type) {
    case "status":
      return event.status;
    case "progress":
      return `${event.phase}: ${event.message}`;
    case "tool_call":
      return `${event.tool} ${event.state}${event.duration_ms === null ? "" : ` after ${Math.round(event.duration_ms)} ms`}`;
    case "egress_denied":
      return `${event.destination} ${event.reason}`;
    case "verdict":
      return `${event.status}${event.reward === null ? "" : ` ${event.reward}`}`;
  }
}

export const rolloutEventsCommand = (context: CliContext): Command =>
  new Command("events")
    .summary("follow a rollout until it ends")
    .description("Prints the present status, then what happens. With --json one JSON value a line.")
    .argument("<id>", "the rollout")
    .addHelpText(
      "after",
      `
Examples:
  berth rollout events ID
  berth rollout events ID --json | jq -r 'select(.type == "verdict").reward'`,
    )
    .action(async (id: string, options: Options) => {
      for await (const event of clientFor(context, options).events(id)) {
        const text = options.json
          ? JSON.stringify(event)
          : `${event.at}  ${event.type.padEnd(9)}  ${printableLine(line(event))}`;
        context.terminal.out(text);
      }
    });
