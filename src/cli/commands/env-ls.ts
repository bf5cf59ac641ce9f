import { Command } from "commander";
import type { Environment } from "../../model/environment.ts";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { withBerth, withSettings } from "../settings.ts";
import { table } from "../table.ts";

interface Options extends Record<string, unknown> {
  url?: string;
  json?: boolean;
}

const row = ({ name, image, repo, profile, graders }: Environment): string[] => [
  name,
  image,
  profile,
  graders.map((grader) => grader.name).join(",") || "-",
  repo ? `${repo.url} @ ${repo.commit.slice(0, 12)}` : "-",
];

export const envLsCommand = (context: CliContext): Command =>
  withSettings(new Command("ls"))
    .summary("list the registered environments")
    .description(
      "Lists the environments of this machine's data directory, or with --url those of a running controller.",
    )
    .option("--url <url>", "ask this controller (its key in BERTH_API_KEY)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  berth env ls
  berth env ls --url http://127.0.0.1:7420 --json`,
    )
    .action(async (options: Options) => {
      const environments =
        options.url === undefined
          ? await withBerth(context, options, ({ service }) => service.environments())
          : await clientFor(context, options).environments();
      if (options.json) return printJson(context, environments);
      context.terminal.out(table(["environment", "image", "profile", "graders", "repository"], environments.map(row)));
    });
