import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import { profile as profileSchema, type Profile } from "../model/profile.ts";

/** The isolation contracts of a folder, by name. */
export type Profiles = ReadonlyMap<string, Profile>;

/**
 * Reads `*.yaml` of sandbox-profiles/. `extends: NAME` takes over what that profile says: mappings are merged, everything else is
 * replaced, and null takes a setting away.
 * @throws BerthError `invalid_config` naming the file and the field
 */
export async function loadProfiles(dir: string): Promise<Profiles> {
  const names = await readdir(dir).catch((error: unknown) => {
    throw new BerthError("invalid_config", `profiles_dir: ${dir} cannot be read.`, { cause: error });
  });
  const files = new Map<string, Fields>();
  for (const file of names.filter((name) => name.endsWith(".yaml"))) files.set(file, await readFields(dir, file));
  const profiles = new Map<string, Profile>();
  for (const file of files.keys()) {
    const parsed = profileSchema.safeParse(extended(dir, files, file, []));
    if (!parsed.success) throw new BerthError("invalid_config", `${join(dir, file)}: ${z.prettifyError(parsed.error)}`);
    if (`${parsed.data.name}.yaml` !== file)
      throw new BerthError("invalid_config", `${join(dir, file)}: its name is ${parsed.data.name}.`);
    profiles.set(parsed.data.name, parsed.data);
  }
  return profiles;
}

type Fields = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function readFields(dir: string, file: string): Promise<Fields> {
  const path = join(dir, file);
  try {
    const fields: unknown = parse(await readFile(path, "utf8"));
    if (isMapping(fields)) return fields;
  } catch (error) {
    throw new BerthError("invalid_config", `${path} is not YAML: ${String(error)}`, { cause: error });
  }
  throw new BerthError("invalid_config", `${path} is not a mapping.`);
}

function extended(dir: string, files: ReadonlyMap<string, Fields>, file: string, from: readonly string[]): Fields {
  const fields = files.get(file);
  const chain = [...from, file];
  if (!fields || from.includes(file)) {
    const why = fields ? "extends itself" : "extends a profile that is not there";
    throw new BerthError("invalid_config", `${join(dir, from.at(-1) ?? file)} ${why}: ${chain.join(" → ")}.`);
  }
  const { extends: base, ...own } = fields;
  if (base === undefined) return own;
  if (typeof base !== "string") throw new BerthError("invalid_config", `${join(dir, file)}: extends is not a name.`);
  return merged(extended(dir, files, `${base}.yaml`, chain), own);
}

function merged(base: Fields, over: Fields): Fields {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    if (value === null) delete result[key];
    else result[key] = isMapping(value) ? merged(isMapping(below) ? below : {}, value) : value;
  }
  return result;
}

/** @throws BerthError `unknown_profile` */
export function profileNamed(profiles: Profiles, name: string): Profile {
  const found = profiles.get(name);
  if (!found)
    throw new BerthError(
      "unknown_profile",
      `There is no profile ${name}; there are: ${[...profiles.keys()].join(", ")}.`,
    );
  return found;
}
