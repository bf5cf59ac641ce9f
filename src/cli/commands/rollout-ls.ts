import { Command } from "commander";
import type { Rollout } from "../../model/rollout.ts";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { count, time } from "../option-values.ts";
import { causeOf, rewardOf } from "../print-rollout.ts";
import { printSummary } from "../print-summary.ts";
import { table } from "../table.ts";

interface Options {
  status?: string;
  group?: string;
  before?: string;
  since?: string;
  environment?: string;
  summary?: boolean;
  limit: number;
  url?: string;
  json?: boolean;
}

const row = (rollout: Rollout): string[] => [
  rollout.rollout_id,
  rollout.environment,
  rollout.status,
  rollout.group ?? "-",
  String(rollout.tool_calls),
  rewardOf(rollout.verdict),
  causeOf(rollout),
  rollout.created_at,
];

async function summarise(context: CliContext, options: Options): Promise<void> {
  const { group, environment, since } = options;
  const summary = await clientFor(context, options).summary({
    ...(group === undefined ? {} : { group }),
    ...(environment === undefined ? {} : { environment }),
    ...(since === undefined ? {} : { since }),
  });
  if (options.json) printJson(context, summary);
  else printSummary(context.terminal, summary);
}

export const rolloutLsCommand = (context: CliContext): Command =>
  new Command("ls")
    .summary("list rollouts")
    .description("Lists rollouts, newest first.")
    .option("--status <names>", "only these, separated by commas")
    .option("--group <name>", "only of this group")
    .option("--before <place>", "only those behind: what the page before ended with, or a time")
    .option("--summary", "count them by what came of them and who caused it, instead of listing them")
    .option("--environment <name>", "with --summary: only of this environment")
    .option("--since <time>", "with --summary: only since then: a time in UTC, or 30m, 12h, 7d", time)
    .option("--limit <n>", "how many, 1 to 500", count(500), 50)
    .addHelpText(
      "after",
      `
Examples:
  berth rollout ls --status queued,preparing,active
  berth rollout ls --summary --group step-12
  berth rollout ls --group step-12 --json | jq '.rollouts[].verdict.reward'`,
    )
    .action(async (options: Options) => {
      if (options.summary) return summarise(context, options);
      const { status, group, before, limit } = options;
      const page = await clientFor(context, options).rollouts({
        limit,
        ...(status === undefined ? {} : { status: status.split(",") }),
        ...(group === undefined ? {} : { group }),
        ...(before === undefined ? {} : { before }),
      });
      if (options.json) return printJson(context, page);
      context.terminal.out(
        table(
          ["rollout", "environment", "status", "group", "calls", "reward", "cause", "created"],
          page.rollouts.map(row),
        ),
      );
      if (page.next_before) context.terminal.err(`More: --before ${page.next_before}`);
    });
