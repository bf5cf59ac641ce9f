import { randomInt } from "node:crypto";
import { mkdir, readdir, readlink, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../../core/exists.ts";
import type { IdRange } from "./records.ts";

export const HALF_RANGE = 65_536;
const RANGE = 2 * HALF_RANGE;

/** Above what systemd gives to users, services and its own containers, and below 2^31, which some programs take for negative. */
const POOL = { first: 0x7000_0000, end: 0x8000_0000 } as const;
const RANGES = (POOL.end - POOL.first) / RANGE;

/**
 * Lends each live sandbox a range of the machine's ids that no other has: 2,048 ranges. A link, named after the range, to the sandbox's
 * folder is the claim that controllers with other data directories see; it means nothing once that folder is gone.
 */
export class IdRanges {
  readonly #claims: string;
  readonly #taken: Map<string, number>;
  readonly #lent: Set<number>;
  #next: number;

  private constructor(claims: string, live: Iterable<readonly [id: string, range: IdRange]>) {
    this.#claims = claims;
    this.#taken = new Map(Array.from(live, ([id, { first }]) => [id, first]));
    this.#lent = new Set(this.#taken.values());
    // Controllers that begin in one place would meet each other's claims one by one.
    this.#next = randomInt(RANGES);
  }

  /** `claims` is a folder that all controllers of the machine share; `live` are the ranges of sandboxes that are there already. */
  static async open(
    claims: string,
    live: Iterable<readonly [id: string, range: IdRange]>,
    { drops = true } = {},
  ): Promise<IdRanges> {
    await mkdir(claims, { recursive: true, mode: 0o700 });
    for (const name of drops ? await readdir(claims) : []) {
      if (!(await exists(join(claims, name)))) await drop(join(claims, name));
    }
    return new IdRanges(claims, live);
  }

  /** The same again for the same sandbox, whose folder must be there; undefined when every range is lent. */
  async take(id: string, folder: string): Promise<IdRange | undefined> {
    const held = this.#taken.get(id);
    if (held !== undefined) return { first: held, count: RANGE };
    for (let tried = 0; tried < RANGES; tried += 1) {
      const first = POOL.first + this.#next * RANGE;
      this.#next = (this.#next + 1) % RANGES;
      if (this.#lent.has(first)) continue;
      this.#taken.set(id, first);
      this.#lent.add(first);
      if (await claim(this.#claim(first), folder)) return { first, count: RANGE };
      this.#taken.delete(id);
      this.#lent.delete(first);
    }
    return undefined;
  }

  /** Idempotent. After a restart of the machine the claim may be another's: its sandboxes had ended, and the claims with them. */
  async release(id: string, folder: string): Promise<void> {
    const first = this.#taken.get(id);
    if (first === undefined) return this.#dropClaimsOf(folder);
    this.#taken.delete(id);
    this.#lent.delete(first);
    const owner = await readlink(this.#claim(first)).catch(() => undefined);
    if (owner === folder) await drop(this.#claim(first));
  }

  /** Of a sandbox whose start was cut off before anything said which range it was lent. */
  async #dropClaimsOf(folder: string): Promise<void> {
    for (const name of await readdir(this.#claims)) {
      const link = join(this.#claims, name);
      if ((await readlink(link).catch(() => undefined)) === folder) await drop(link);
    }
  }

  #claim(first: number): string {
    return join(this.#claims, String(first));
  }
}

async function claim(link: string, folder: string): Promise<boolean> {
  try {
    await symlink(folder, link);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function drop(link: string): Promise<void> {
  await unlink(link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}
