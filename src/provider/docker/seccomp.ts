import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "../../core/errors.ts";

/**
 * The text of a seccomp profile as it is passed inline to the daemon; undefined for `unconfined`.
 * @throws BerthError `unknown_profile` when the file is missing or is not JSON
 */
export async function loadSeccomp(directory: string, name: string): Promise<string | undefined> {
  if (name === "unconfined") return undefined;
  const file = join(directory, `${name}.json`);
  try {
    return JSON.stringify(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new BerthError("unknown_profile", `The seccomp profile ${name} cannot be read from ${file}.`, {
      cause,
      remedy: `Put the profile at ${file}, or name another one under \`seccomp\` in the isolation profile.`,
    });
  }
}
