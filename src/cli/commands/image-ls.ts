import { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { withBerth, withSettings } from "../settings.ts";
import { table } from "../table.ts";

interface Options extends Record<string, unknown> {
  json?: boolean;
}

export const imageLsCommand = (context: CliContext): Command =>
  withSettings(new Command("ls"))
    .summary("list images")
    .description("Lists the folders of images_dir, and which of them are built for the provider in use.")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  berth image ls")
    .action(async (options: Options) => {
      const images = await withBerth(context, options, (berth) => berth.images());
      if (options.json) return printJson(context, images);
      const rows = images.map(({ name, built_at, digest }) => [name, built_at ?? "not built", digest ?? "-"]);
      context.terminal.out(table(["image", "built", "digest"], rows));
    });
