import { Option, type Command } from "commander";
import { loadConfig } from "../config/load.ts";
import { configSchema, flag, settingNames, type Config, type SettingName } from "../config/schema.ts";
import { createLogger } from "../core/log.ts";
import type { Berth } from "./berth.ts";
import type { CliContext } from "./context.ts";

type Flags = Readonly<Record<string, unknown>>;

const optionKey = (name: SettingName): string =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Those that a command may want to change; the others come from the file or the environment. */
export const localSettings = [
  "data_dir",
  "store_url",
  "provider",
  "docker_host",
  "guest_binary",
  "profiles_dir",
  "images_dir",
  "log_level",
] as const;

/** Adds settings as flags, and `--config`. */
export function withSettings(command: Command, names: readonly SettingName[] = localSettings): Command {
  command.option("--config <file>", "a configuration file (BERTH_CONFIG)");
  for (const name of names) {
    const value = configSchema.shape[name].type === "boolean" ? "[true|false]" : "<value>";
    command.addOption(new Option(`${flag(name)} ${value}`, configSchema.shape[name].description ?? ""));
  }
  return command;
}

/** The configuration of a command whose flags were added by `withSettings`. @throws BerthError `invalid_config` */
export function configOf(context: CliContext, options: Flags): Config {
  const given = settingNames.flatMap((name) => {
    const value = options[optionKey(name)];
    return typeof value === "string" || value === true ? [[name, String(value)] as const] : [];
  });
  return loadConfig({
    flags: Object.fromEntries(given),
    file: options["config"] as string | undefined,
    env: context.env,
  });
}

/** Runs with a controller in this process, quiet unless told otherwise, and lets go of it at the end. */
export async function withBerth<T>(
  context: CliContext,
  options: Flags,
  work: (berth: Berth) => Promise<T>,
  role: "command" | "observer" = "command",
): Promise<T> {
  const config = configOf(context, options);
  const quiet = options["logLevel"] === undefined && context.env["BERTH_LOG_LEVEL"] === undefined;
  const log = createLogger({ level: quiet ? "warn" : config.log_level, pretty: config.log_pretty });
  const berth = await context.compose(config, log, { role });
  try {
    return await work(berth);
  } finally {
    await berth.close();
  }
}
