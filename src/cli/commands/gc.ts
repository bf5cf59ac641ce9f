import { Command } from "commander";
import type { SweptItem } from "../berth.ts";
import { printJson, type CliContext } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printableLine } from "../printable.ts";
import { withBerth, withSettings } from "../settings.ts";
import { table } from "../table.ts";

interface Options extends Record<string, unknown> {
  dryRun?: boolean;
  json?: boolean;
}

async function collect(context: CliContext, options: Options): Promise<void> {
  const dryRun = options.dryRun === true;
  const swept = await withBerth(context, options, (berth) =>
    berth.sweep({ dryRun, onProgress: (message) => context.terminal.err(printableLine(message)) }),
  );
  const left = swept.filter((item) => item.failure !== undefined).length;
  if (left > 0) context.endWith(exitCodes.no);
  if (options.json) return printJson(context, { dry_run: dryRun, items: swept });
  if (swept.length === 0) return context.terminal.out("Nothing is left behind.");
  const result = ({ failure }: SweptItem): string => failure ?? (dryRun ? "would be removed" : "removed");
  context.terminal.out(
    table(
      ["kind", "id", "why", "result"],
      swept.map((item) => [item.kind, item.id, item.reason, result(item)]),
    ),
  );
}

export const gcCommand = (context: CliContext): Command =>
  withSettings(new Command("gc"))
    .summary("remove what nobody owns")
    .description(
      "Removes sandboxes, snapshots and files of this data directory that no rollout and no environment owns any more. What a live controller owns is left alone. Exit code 1 when something could not be removed.",
    )
    .option("--dry-run", "only say what it is")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  berth gc --dry-run\n  berth gc --json")
    .action((options: Options) => collect(context, options));
