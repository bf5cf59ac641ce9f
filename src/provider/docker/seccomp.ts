import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "../../core/errors.ts";
import type { Runtime } from "../../model/profile.ts";
import { forGvisor } from "../gvisor.ts";
import { forMachine, type SeccompFilter } from "../seccomp-filter.ts";

/**
 * The text of a seccomp profile as it is passed inline to the daemon for the runtime and its machine (`uname -m`); undefined for `unconfined`.
 * @throws BerthError `unknown_profile` when the file is missing or is not JSON
 */
export async function loadSeccomp(
  directory: string,
  name: string,
  { runtime, machine }: { runtime: Runtime; machine: string },
): Promise<string | undefined> {
  if (name === "unconfined") return undefined;
  const file = join(directory, `${name}.json`);
  try {
    const filter = forMachine(JSON.parse(await readFile(file, "utf8")) as SeccompFilter, machine);
    return JSON.stringify(runtime === "runsc" ? forGvisor(filter) : filter);
  } catch (cause) {
    throw new BerthError("unknown_profile", `The seccomp profile ${name} cannot be read from ${file}.`, {
      cause,
      remedy: `Put the profile at ${file}, or name another one under \`seccomp\` in the isolation profile.`,
    });
  }
}
