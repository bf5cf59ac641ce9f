import { z } from "zod";
import { configSchema, type SettingName } from "./schema.ts";

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  "1": true,
  yes: true,
  false: false,
  "0": false,
  no: false,
};

/**
 * A setting as the environment and the command line carry it → the value that the schema checks. Text that is not of
 * the setting's type stays text, so that the schema refuses it.
 */
export function fromText(name: SettingName, text: string): unknown {
  const type = configSchema.shape[name];
  if (type instanceof z.ZodBoolean) return booleans[text.toLowerCase()] ?? text;
  if (type instanceof z.ZodNumber) return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
  if (type instanceof z.ZodArray)
    return text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  return text;
}
