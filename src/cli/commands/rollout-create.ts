import { Command, InvalidArgumentError } from "commander";
import type { Rollout } from "../../model/rollout.ts";
import type { BerthClient } from "../../client/berth-client.ts";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { looksLikeFile, readEnvironmentFile } from "../environment-file.ts";
import { exitCodes } from "../exit-codes.ts";
import { seconds } from "../option-values.ts";
import { printRollout } from "../print-rollout.ts";

interface Options {
  id?: string;
  group?: string;
  label: Record<string, string>;
  wait: number;
  url?: string;
  json?: boolean;
}

const addLabel = (text: string, labels: Record<string, string>): Record<string, string> => {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("It must be NAME=VALUE.");
  return { ...labels, [name]: value };
};

/** A file is registered first: what its relative paths mean is known only here. */
async function environmentName(client: BerthClient, argument: string): Promise<string> {
  if (!looksLikeFile(argument)) return argument;
  const { environment, baseDir } = readEnvironmentFile(argument);
  return (await client.registerEnvironment(environment, baseDir)).name;
}

async function create(context: CliContext, argument: string, options: Options): Promise<void> {
  const client = clientFor(context, options);
  const environment = await environmentName(client, argument);
  const { rollout, created } = await client.createRollout(
    {
      environment,
      labels: options.label,
      ...(options.id === undefined ? {} : { rollout_id: options.id }),
      ...(options.group === undefined ? {} : { group: options.group }),
    },
    { waitSeconds: options.wait },
  );
  if (hasFailed(rollout)) context.endWith(exitCodes.no);
  if (options.json) return printJson(context, rollout);
  printRollout(context.terminal, rollout);
  if (!created) context.terminal.err("It was there already.");
}

const hasFailed = ({ status }: Rollout): boolean => status === "failed" || status === "expired";

export const rolloutCreateCommand = (context: CliContext): Command =>
  new Command("create")
    .summary("give a rollout its sandbox")
    .description(
      "Creates a rollout from a registered environment, or from an environment file, which is registered first.",
    )
    .argument("<environment>", "the name of a registered environment, or a YAML file")
    .option("--id <uuid>", "the rollout's id; the same again gives the same rollout")
    .option("--group <name>", "rollouts that are compared with each other")
    .option("--label <name=value>", "may be repeated", addLabel, {})
    .option("--wait <seconds>", "how long to wait for the sandbox, 0 to 600", seconds(600), 300)
    .addHelpText(
      "after",
      `
Examples:
  berth rollout create click-2697
  berth rollout create ./click.yaml --group step-12 --label policy=base
  berth rollout create click-2697 --id trace_26201611b3fd4158a1e5d90a5274c246 --wait 0 --json`,
    )
    .action((argument: string, options: Options) => create(context, argument, options));
