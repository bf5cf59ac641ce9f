import { Command } from "commander";
import { bytesInWords } from "../../core/quantities.ts";
import type { SweptItem } from "../berth.ts";
import { printJson, type CliContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printableLine } from "../printable.ts";
import { localSettings, withBerth, withSettings } from "../settings.ts";
import { table } from "../table.ts";

const LIMITS = [
  "snapshots_max_gb",
  "snapshots_max_age_days",
  "mirrors_max_gb",
  "mirrors_max_age_days",
  "retention_days",
] as const;

interface Options extends Record<string, unknown> {
  dryRun?: boolean;
  json?: boolean;
}

async function collect(context: CliContext, options: Options): Promise<void> {
  const dryRun = options.dryRun === true;
  const swept = await withBerth(context, options, async (berth) => {
    const left = await berth.sweep({ dryRun, onProgress: (message) => context.terminal.err(printableLine(message)) });
    return [...left, ...(await berth.evict({ dryRun })), ...(await berth.removeOldRecords({ dryRun }))];
  });
  const left = swept.filter((item) => item.failure !== undefined).length;
  if (left > 0) context.endWith(exitCodes.no);
  if (options.json) return printJson(context, { dry_run: dryRun, items: swept });
  if (swept.length === 0) return context.terminal.out("Nothing is left behind, and nothing is kept for too long.");
  const result = ({ failure, left: why }: SweptItem): string =>
    failure ?? why ?? (dryRun ? "would be removed" : "removed");
  const size = ({ bytes }: SweptItem): string => (bytes === undefined ? "-" : bytesInWords(bytes));
  context.terminal.out(
    table(
      ["kind", "id", "size", "why", "result"],
      swept.map((item) => [item.kind, item.id, size(item), item.reason, result(item)]),
      80,
    ),
  );
}

export const gcCommand = (context: CliContext): Command =>
  withSettings(new Command("gc"), [...localSettings, ...LIMITS])
    .summary("remove what nobody owns, and what is kept for too long")
    .description(
      "Removes sandboxes of this data directory that no rollout owns any more, and evicts the snapshots, images and mirrors that are beyond their limits of size and age (snapshots_max_gb, snapshots_max_age_days, mirrors_max_gb, mirrors_max_age_days): they are made again when they are wanted. Removes the records of rollouts that ended longer ago than retention_days, if that is set: those do not come back. What a live controller owns is left alone, and eviction is left to it. Exit code 1 when something could not be removed.",
    )
    .option("--dry-run", "only say what it is")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  berth gc --dry-run\n  berth gc --snapshots-max-gb 10 --json")
    .action((options: Options) => collect(context, options));
