import { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { printableLine } from "../printable.ts";
import { withBerth, withSettings } from "../settings.ts";

interface Options extends Record<string, unknown> {
  json?: boolean;
}

export const imageBuildCommand = (context: CliContext): Command =>
  withSettings(new Command("build"))
    .summary("build an image")
    .description("Builds a folder of images_dir for the provider in use, unless it is built.")
    .argument("<name>", "the folder")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  berth image build python\n  berth image build node --provider docker")
    .action(async (name: string, options: Options) => {
      const image = await withBerth(context, options, (berth) =>
        berth.buildImage(name, (message) => context.terminal.err(printableLine(message))),
      );
      if (options.json) return printJson(context, image);
      context.terminal.out(`${image.name}  ${image.digest ?? "-"}`);
    });
