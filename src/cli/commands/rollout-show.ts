import { Command } from "commander";
import type { EgressDenial } from "../../model/egress.ts";
import type { TrajectoryRecord } from "../../model/trajectory.ts";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { printRollout, printVerdict } from "../print-rollout.ts";
import { table } from "../table.ts";

interface Options {
  trajectory?: boolean;
  url?: string;
  json?: boolean;
}

function resultOf({ state, result }: TrajectoryRecord): string {
  if (state !== "done" || result === null) return state;
  if (result.error) return result.error.code;
  const { outcome } = result;
  return outcome === undefined ? "ok" : outcome.type === "exited" ? `exited ${outcome.code}` : outcome.type;
}

const argumentText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const callRow = (record: TrajectoryRecord): string[] => [
  String(record.seq),
  record.tool,
  resultOf(record),
  record.duration_ms === null ? "-" : `${Math.round(record.duration_ms)} ms`,
  argumentText(record.arguments),
];

const denialRow = ({ destination, reason, count, first_at, last_at }: EgressDenial): string[] => [
  destination,
  reason,
  String(count),
  first_at,
  last_at,
];

export const rolloutShowCommand = (context: CliContext): Command =>
  new Command("show")
    .summary("show a rollout")
    .description(
      "Shows a rollout, its verdict and the later ones; with --trajectory its tool calls and what it was refused to reach.",
    )
    .argument("<id>", "the rollout")
    .option("--trajectory", "the tool calls and refused connections; with --json in full")
    .addHelpText(
      "after",
      `
Examples:
  berth rollout show ID
  berth rollout show ID --trajectory --json > trajectory.json`,
    )
    .action(async (id: string, options: Options) => {
      const client = clientFor(context, options);
      const rollout = await client.rollout(id);
      const regradings = rollout.verdict ? await client.regradings(id) : [];
      const trajectory = options.trajectory ? await client.trajectory(id) : undefined;
      if (options.json)
        return printJson(context, {
          ...rollout,
          ...(regradings.length > 0 && { regradings }),
          ...(trajectory && { trajectory: trajectory.records, egress: trajectory.egress }),
        });
      printRollout(context.terminal, rollout);
      if (rollout.verdict) printVerdict(context.terminal, rollout.verdict);
      for (const { graded_at, verdict } of regradings) {
        context.terminal.out(`again at ${graded_at}`);
        printVerdict(context.terminal, verdict);
      }
      if (!trajectory) return;
      context.terminal.out(`\n${table(["#", "tool", "result", "time", "arguments"], trajectory.records.map(callRow))}`);
      const { denials } = trajectory.egress;
      if (denials.length > 0)
        context.terminal.out(`\n${table(["refused", "reason", "times", "first", "last"], denials.map(denialRow))}`);
    });
