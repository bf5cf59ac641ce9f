import { Command } from "commander";
import { bytesInWords } from "../../core/quantities.ts";
import type { Environment } from "../../model/environment.ts";
import { clientFor, printJson, type CliContext } from "../context.ts";
import { withBerth, withSettings } from "../settings.ts";
import { table } from "../table.ts";

interface Options extends Record<string, unknown> {
  url?: string;
  json?: boolean;
}

const HEADING = ["environment", "image", "profile", "graders"];

const row = ({ name, image, profile, graders }: Environment): string[] => [
  name,
  image,
  profile,
  graders.map((grader) => grader.name).join(",") || "-",
];

const repository = ({ repo }: Environment): string => (repo ? `${repo.url} @ ${repo.commit.slice(0, 12)}` : "-");

/** `2026-01-31 12:00`, in UTC. */
const minute = (time: string): string => time.slice(0, 16).replace("T", " ");

async function listRemote(context: CliContext, options: Options): Promise<void> {
  const environments = await clientFor(context, options).environments();
  if (options.json) return printJson(context, environments);
  context.terminal.out(
    table(
      [...HEADING, "repository"],
      environments.map((environment) => [...row(environment), repository(environment)]),
    ),
  );
}

async function listLocal(context: CliContext, options: Options): Promise<void> {
  const { environments, snapshots } = await withBerth(context, options, async (berth) => ({
    environments: await berth.service.environments(),
    snapshots: new Map((await berth.snapshots()).map((snapshot) => [snapshot.environment, snapshot])),
  }));
  if (options.json) {
    const snapshotOf = (name: string) => {
      const found = snapshots.get(name);
      return found ? { key: found.key, bytes: found.bytes, last_used_at: found.last_used_at } : null;
    };
    return printJson(
      context,
      environments.map((environment) => ({ ...environment, snapshot: snapshotOf(environment.name) })),
    );
  }
  context.terminal.out(
    table(
      [...HEADING, "snapshot", "size", "last used", "repository"],
      environments.map((environment) => {
        const snapshot = snapshots.get(environment.name);
        const facts = snapshot && [
          snapshot.key.slice(0, 12),
          bytesInWords(snapshot.bytes),
          minute(snapshot.last_used_at),
        ];
        return [...row(environment), ...(facts ?? ["-", "-", "-"]), repository(environment)];
      }),
    ),
  );
}

export const envLsCommand = (context: CliContext): Command =>
  withSettings(new Command("ls"))
    .summary("list the registered environments")
    .description(
      "Lists the environments of this machine's data directory, with the size and the last use of their snapshots (UTC), or with --url those of a running controller.",
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
    .action((options: Options) =>
      options.url === undefined ? listLocal(context, options) : listRemote(context, options),
    );
