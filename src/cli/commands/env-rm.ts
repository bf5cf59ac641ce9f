import { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { withBerth, withSettings } from "../settings.ts";

interface Options extends Record<string, unknown> {
  json?: boolean;
}

export const envRmCommand = (context: CliContext): Command =>
  withSettings(new Command("rm"))
    .summary("remove environments' snapshots")
    .description(
      "Removes the snapshots; the environments stay registered, and the next rollout builds anew. Sandboxes that run from a snapshot go on.",
    )
    .argument("<names...>", "the environments")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  berth env rm click-2697")
    .action(async (names: string[], options: Options) => {
      const removed = await withBerth(context, options, async ({ service }) => {
        const results = [];
        for (const environment of names)
          results.push({ environment, removed: await service.removeSnapshot(environment) });
        return results;
      });
      if (options.json) return printJson(context, removed);
      context.terminal.out(
        removed.map((one) => `${one.environment}  ${one.removed ? "removed" : "had no snapshot"}`).join("\n"),
      );
    });
