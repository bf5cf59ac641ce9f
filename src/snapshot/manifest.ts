import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { treeEntry, type TreeEntry } from "../model/change-set.ts";

const manifest = z.strictObject({ key: z.string(), built_at: z.string(), tree: z.array(treeEntry) });

/** What each snapshot's workspace holds: the base that change sets are computed against. One JSON file a key. */
export class Manifests {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async read(key: string): Promise<TreeEntry[] | undefined> {
    const text = await readFile(this.#file(key), "utf8").catch(() => undefined);
    return text === undefined ? undefined : manifest.parse(JSON.parse(text)).tree;
  }

  async write(key: string, tree: readonly TreeEntry[]): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const file = this.#file(key);
    await writeFile(`${file}.draft`, JSON.stringify({ key, built_at: new Date().toISOString(), tree }));
    await rename(`${file}.draft`, file);
  }

  async remove(key: string): Promise<void> {
    await rm(this.#file(key), { force: true });
  }

  #file(key: string): string {
    return join(this.#dir, `${key}.json`);
  }
}
