import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import { profile as profileSchema, type Profile } from "../model/profile.ts";

/** The isolation contracts of a folder, by name. */
export type Profiles = ReadonlyMap<string, Profile>;

/** Reads `*.yaml` of sandbox-profiles/. @throws BerthError `invalid_config` naming the file and the field */
export async function loadProfiles(dir: string): Promise<Profiles> {
  const names = await readdir(dir).catch((error: unknown) => {
    throw new BerthError("invalid_config", `profiles_dir: ${dir} cannot be read.`, { cause: error });
  });
  const profiles = new Map<string, Profile>();
  for (const name of names.filter((file) => file.endsWith(".yaml"))) {
    const parsed = profileSchema.safeParse(parse(await readFile(join(dir, name), "utf8")));
    if (!parsed.success) throw new BerthError("invalid_config", `${join(dir, name)}: ${z.prettifyError(parsed.error)}`);
    if (`${parsed.data.name}.yaml` !== name)
      throw new BerthError("invalid_config", `${join(dir, name)}: its name is ${parsed.data.name}.`);
    profiles.set(parsed.data.name, parsed.data);
  }
  return profiles;
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
