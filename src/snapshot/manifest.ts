import { randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { exists } from "../core/exists.ts";
import { treeEntry, type TreeEntry } from "../model/change-set.ts";
import type { SharedManifests } from "../provider/provider.ts";

const manifest = z.strictObject({ key: z.string(), built_at: z.string(), tree: z.array(treeEntry) });

const origin = z.strictObject({ recipe: z.string() });

/** Both in one, so that neither is ever there alone. */
const shared = manifest.extend(origin.shape);
type Shared = z.infer<typeof shared>;

/** A manifest without its tree. */
export interface SnapshotOrigin {
  readonly key: string;
  /** What it was built from: `recipeOf`. */
  readonly recipe: string;
}

/**
 * What each snapshot's workspace holds: the base that change sets are computed against. One JSON file a key, and a small
 * one beside it that says what it was built from. With a shared place, what another controller built is fetched from there once.
 */
export class Manifests {
  readonly #dir: string;
  readonly #shared: SharedManifests | undefined;

  constructor(dir: string, shared?: SharedManifests) {
    this.#dir = dir;
    this.#shared = shared;
  }

  async read(key: string): Promise<TreeEntry[] | undefined> {
    if (!(await this.has(key))) return undefined;
    const text = await readFile(this.file(key), "utf8").catch(() => undefined);
    return text === undefined ? undefined : manifest.parse(JSON.parse(text)).tree;
  }

  async has(key: string): Promise<boolean> {
    return (await exists(this.file(key))) || this.#fetch(key);
  }

  async write(key: string, tree: readonly TreeEntry[], recipe: string): Promise<void> {
    const content = { key, built_at: new Date().toISOString(), tree: [...tree] };
    await this.#keep(content, recipe);
    await this.#shared?.write(key, Buffer.from(JSON.stringify({ ...content, recipe } satisfies Shared)));
  }

  async remove(key: string): Promise<void> {
    await this.#shared?.remove(key);
    for (const file of [this.file(key), this.#originFile(key)]) await rm(file, { force: true });
  }

  /** Of all snapshots, without reading what they hold. */
  async origins(): Promise<readonly SnapshotOrigin[]> {
    const names = await readdir(this.#dir).catch((): string[] => []);
    const keys = names.flatMap((name) => /^(.*)\.origin\.json$/.exec(name)?.[1] ?? []);
    const found = await Promise.all(
      keys.map(async (key) => {
        const text = await readFile(this.#originFile(key), "utf8").catch(() => undefined);
        return text === undefined ? [] : [{ key, recipe: origin.parse(JSON.parse(text)).recipe }];
      }),
    );
    return found.flat();
  }

  /** Allocated on the disk, in bytes; 0 when there is none. */
  async bytes(key: string): Promise<number> {
    const facts = await stat(this.file(key)).catch(() => undefined);
    return (facts?.blocks ?? 0) * 512;
  }

  /** Where a manifest is, or would be. */
  file(key: string): string {
    return join(this.#dir, `${key}.json`);
  }

  #originFile(key: string): string {
    return join(this.#dir, `${key}.origin.json`);
  }

  async #keep(content: z.infer<typeof manifest>, recipe: string): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await this.#put(this.#originFile(content.key), { recipe });
    await this.#put(this.file(content.key), content);
  }

  /** Gives whether the shared place had it. */
  async #fetch(key: string): Promise<boolean> {
    const found = await this.#shared?.read(key);
    if (!found) return false;
    const { recipe, ...content } = shared.parse(JSON.parse(found.toString("utf8")));
    await this.#keep(content, recipe);
    return true;
  }

  /** Whole or not at all. */
  async #put(file: string, content: unknown): Promise<void> {
    const draft = `${file}.${randomUUID()}.draft`;
    await writeFile(draft, JSON.stringify(content));
    await rename(draft, file);
  }
}
