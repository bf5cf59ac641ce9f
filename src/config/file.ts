import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { BerthError } from "../core/errors.ts";
import { settingNames, type SettingName } from "./schema.ts";

const refuse = (message: string, cause?: unknown): never => {
  throw new BerthError("invalid_config", message, { cause });
};

const nearest = (key: string): SettingName | undefined =>
  settingNames.find((name) => name.replaceAll("_", "") === key.toLowerCase().replaceAll(/[_-]/g, "")) ??
  settingNames.find((name) => name.startsWith(key.slice(0, 4)));

/** The settings of a YAML file. @throws BerthError `invalid_config` when it cannot be read, is not a mapping, or names what is no setting */
export function readConfigFile(file: string): Partial<Record<SettingName, unknown>> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return refuse(`The configuration file ${file} cannot be read: ${(error as Error).message}`, error);
  }
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (error) {
    return refuse(`The configuration file ${file} is not YAML: ${(error as Error).message}`, error);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return refuse(`The configuration file ${file} must be a mapping of settings to values.`);
  }
  for (const key of Object.keys(content)) {
    if ((settingNames as string[]).includes(key)) continue;
    const meant = nearest(key);
    return refuse(
      `${key} (in ${file}) is not a setting${meant ? `; is ${meant} meant?` : "; docs/configuration.md lists them."}`,
    );
  }
  return content;
}
