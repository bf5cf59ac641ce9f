import { dirname, resolve } from "node:path";
import { BerthError } from "../core/errors.ts";
import { describeIssues } from "../model/issues.ts";
import { defaults, thisMachine, type Machine } from "./defaults.ts";
import { readConfigFile } from "./file.ts";
import { isLoopbackHost } from "./loopback.ts";
import { processEnvironment } from "./process-environment.ts";
import {
  configSchema,
  environmentVariable,
  flag,
  pathSettings,
  secretSettings,
  settingNames,
  type Config,
  type SettingName,
} from "./schema.ts";
import { fromText } from "./text-value.ts";

export interface ConfigInput {
  /** Settings of the command line, as text. */
  readonly flags?: Readonly<Partial<Record<SettingName, string | undefined>>>;
  /** `--config`; else BERTH_CONFIG. */
  readonly file?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly machine?: Machine;
  readonly cwd?: string;
}

interface Sourced {
  readonly value: unknown;
  readonly source: string;
}

function collect(input: ConfigInput, env: NodeJS.ProcessEnv): Map<SettingName, Sourced> {
  const cwd = input.cwd ?? process.cwd();
  const found = new Map<SettingName, Sourced>();
  const put = (name: SettingName, value: unknown, source: string, base: string) => {
    const isPath = pathSettings.has(name) && typeof value === "string" && value !== "";
    found.set(name, { value: isPath ? resolve(base, value) : value, source });
  };
  const given = input.file ?? env["BERTH_CONFIG"];
  if (given) {
    const file = resolve(cwd, given);
    for (const [name, value] of Object.entries(readConfigFile(file)))
      put(name as SettingName, value, file, dirname(file));
  }
  for (const name of settingNames) {
    const text = env[environmentVariable(name)];
    if (text !== undefined) put(name, fromText(name, text), environmentVariable(name), cwd);
  }
  for (const name of settingNames) {
    const text = input.flags?.[name];
    if (text !== undefined) put(name, fromText(name, text), flag(name), cwd);
  }
  return found;
}

/** A secret is never repeated in a message. */
const shown = (name: SettingName, value: unknown): string =>
  secretSettings.has(name) ? "" : ` It is ${JSON.stringify(value)}.`;

function refuse(name: SettingName, sourced: Sourced | undefined, expected: string): never {
  const source = sourced?.source ?? "default";
  throw new BerthError("invalid_config", `${name} (from ${source}): ${expected}.${shown(name, sourced?.value)}`);
}

/**
 * The settings of this process: defaults, then the file, then BERTH_* of the environment, then the command line.
 * Checked, complete and frozen.
 * @throws BerthError `invalid_config` naming the setting, where its value came from, and what is expected
 */
export function loadConfig(input: ConfigInput = {}): Config {
  const env = input.env ?? processEnvironment();
  const found = collect(input, env);
  const values: Record<string, unknown> = { ...defaults(input.machine ?? thisMachine(env)) };
  for (const [name, { value }] of found) values[name] = value;

  for (const name of settingNames) {
    const checked = configSchema.shape[name].safeParse(values[name]);
    if (!checked.success) refuse(name, found.get(name), describeIssues(checked.error.issues));
  }
  const config = configSchema.parse(values);
  if (config.allow_anonymous_loopback && !isLoopbackHost(config.host)) {
    refuse(
      "allow_anonymous_loopback",
      found.get("allow_anonymous_loopback"),
      `needs a loopback host, and host is ${config.host}`,
    );
  }
  Object.freeze(config.api_keys);
  return Object.freeze(config);
}
