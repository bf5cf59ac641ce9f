import { Command } from "commander";
import { clientFor, printJson, type CliContext } from "../context.ts";

interface Options {
  url?: string;
  json?: boolean;
}

export const rolloutRmCommand = (context: CliContext): Command =>
  new Command("rm")
    .summary("end rollouts")
    .description(
      "Ends rollouts; returns only when nothing of them but their record is left. Stops at the first that cannot be removed.",
    )
    .argument("<ids...>", "the rollouts")
    .addHelpText(
      "after",
      `
Examples:
  berth rollout rm ID
  berth rollout ls --group step-12 --json | jq -r '.rollouts[].rollout_id' | xargs berth rollout rm`,
    )
    .action(async (ids: string[], options: Options) => {
      const client = clientFor(context, options);
      const ended = [];
      for (const id of ids) {
        const rollout = await client.deleteRollout(id);
        ended.push(rollout);
        if (!options.json) context.terminal.out(`${rollout.rollout_id}  ${rollout.status}`);
      }
      if (options.json) printJson(context, ended);
    });
