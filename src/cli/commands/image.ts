import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { imageBuildCommand } from "./image-build.ts";
import { imageLsCommand } from "./image-ls.ts";

export const imageCommand = (context: CliContext): Command =>
  new Command("image")
    .summary("build and list images")
    .description("Images that environments start from, one folder each in images_dir.")
    .addHelpText("after", "\nExamples:\n  berth image ls\n  berth image build python")
    .addCommand(imageBuildCommand(context))
    .addCommand(imageLsCommand(context));
