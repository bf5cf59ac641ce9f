import { mkdir, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { execa } from "execa";
import { HALF_RANGE } from "./id-ranges.ts";
import type { IdRange } from "./records.ts";

const DEADLINE_MS = 30_000;
/** Where the guest takes the groups by which it tells calls apart; no file can have one. */
const CALL_GROUPS = 0x4000_0000;

/** The range as the launcher takes it: its lower half, which stands for the ids that images use, 0 to 65,535. */
export const idRangeFlag = ({ first }: IdRange): string => `${first}:${HALF_RANGE}`;

/** The range as the OCI runtime specification maps it: the upper half is for the groups of calls. */
export function idMappings({ first }: IdRange) {
  const ids = { containerID: 0, hostID: first, size: HALF_RANGE };
  const callGroups = { containerID: CALL_GROUPS, hostID: first + HALF_RANGE, size: HALF_RANGE };
  return { uidMappings: [ids], gidMappings: [ids, callGroups] };
}

/**
 * Why sandboxes cannot have user namespaces here; undefined when they can. Found by doing once what a sandbox's start does, with
 * layers in the folder `scratch`, which is made and removed, and mounted at `root`.
 */
export async function userNamespaceObstacle(options: {
  readonly launcher: string;
  readonly scratch: string;
  readonly root: string;
}): Promise<string | undefined> {
  const { scratch } = options;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  try {
    const trees = ["/usr", resolve(options.launcher)].flatMap((tree) => ["--shift-tree", tree]);
    const result = await execa(
      options.launcher,
      ["check-user-namespace", "--scratch", scratch, "--at", options.root, ...trees],
      {
        reject: false,
        timeout: DEADLINE_MS,
      },
    );
    return result.exitCode === 0
      ? undefined
      : result.stderr
          .trim()
          .replace(/^berth-guest: /, "")
          .slice(-500);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
