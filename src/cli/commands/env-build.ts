import { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { looksLikeFile, readEnvironmentFile } from "../environment-file.ts";
import { printableLine } from "../printable.ts";
import { withBerth, withSettings } from "../settings.ts";

interface Options extends Record<string, unknown> {
  json?: boolean;
}

async function build(context: CliContext, argument: string, options: Options): Promise<void> {
  const file = looksLikeFile(argument) ? readEnvironmentFile(argument) : undefined;
  const built = await withBerth(context, options, async ({ service, provider }) => {
    const name = file ? (await service.registerEnvironment(file.environment, file.baseDir)).name : argument;
    const result = await service.buildEnvironment(name, (message) => context.terminal.err(printableLine(message)));
    return {
      environment: name,
      provider,
      snapshot: result.snapshot,
      built: result.built,
      duration_ms: result.durationMs,
    };
  });
  if (options.json) return printJson(context, built);
  const took = built.built ? `built in ${(built.duration_ms / 1000).toFixed(1)} s` : "was there";
  context.terminal.out(`${built.environment}  ${built.snapshot}  ${took} (provider ${built.provider})`);
}

export const envBuildCommand = (context: CliContext): Command =>
  withSettings(new Command("build"))
    .summary("build an environment's snapshot")
    .description(
      "Registers an environment file and builds its snapshot: the repository at its commit, without later history, after its setup steps. Does nothing when it is there.",
    )
    .argument("<environment>", "a YAML file, or the name of a registered environment")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  berth env build ./click.yaml
  berth env build click-2697 --provider docker --json`,
    )
    .action((argument: string, options: Options) => build(context, argument, options));
