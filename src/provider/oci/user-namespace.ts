import { mkdir, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { execa } from "execa";
import type { IdRange } from "./records.ts";

const DEADLINE_MS = 30_000;
/** Ids that images use, 0 to 65,535, the same inside and on the disk. */
const IDS = 65_536;
/** Where the guest takes the groups by which it tells calls apart; as many again, which no file can have. */
const CALL_GROUPS = 0x4000_0000;
const IDS_OF_A_SANDBOX = 2 * IDS;

/** Above what systemd gives to users, services and its own containers, and below 2^31, which some programs take for negative. */
const POOL = { first: 0x7000_0000, end: 0x8000_0000 } as const;
const SLOTS = (POOL.end - POOL.first) / IDS_OF_A_SANDBOX;

/** The range as the launcher takes it: what stands on the disk, without the groups of calls. */
export const idRangeFlag = ({ first }: IdRange): string => `${first}:${IDS}`;

/** The range as the OCI runtime specification maps it. */
export function idMappings({ first }: IdRange) {
  const ids = { containerID: 0, hostID: first, size: IDS };
  const callGroups = { containerID: CALL_GROUPS, hostID: first + IDS, size: IDS };
  return { uidMappings: [ids], gidMappings: [ids, callGroups] };
}

/** Lends each live sandbox a range of the host's ids that no other has. */
export class IdRanges {
  readonly #taken = new Map<string, number>();
  #next: number;

  /** `live` are the ranges of sandboxes that are there already; `start` is where the search begins, any whole number. */
  constructor(live: Iterable<readonly [id: string, range: IdRange]>, start: number) {
    for (const [id, { first }] of live) this.#taken.set(id, first);
    this.#next = start % SLOTS;
  }

  /** The same again for the same sandbox; undefined when every range is lent, which 2,048 sandboxes are. */
  take(id: string): IdRange | undefined {
    const held = this.#taken.get(id);
    if (held !== undefined) return { first: held, count: IDS_OF_A_SANDBOX };
    const used = new Set(this.#taken.values());
    for (let tried = 0; tried < SLOTS; tried += 1) {
      const first = POOL.first + this.#next * IDS_OF_A_SANDBOX;
      this.#next = (this.#next + 1) % SLOTS;
      if (used.has(first)) continue;
      this.#taken.set(id, first);
      return { first, count: IDS_OF_A_SANDBOX };
    }
    return undefined;
  }

  release(id: string): void {
    this.#taken.delete(id);
  }
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
