import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { exists } from "../core/exists.ts";
import type { Repository } from "../model/environment.ts";
import type { CachedItem } from "../snapshot/eviction.ts";
import type { Cache } from "../snapshot/evictor.ts";
import { SingleFlight } from "../snapshot/single-flight.ts";
import { Uses } from "../snapshot/uses.ts";
import { buildIndex } from "./build.ts";
import { CodeIndex } from "./code-index.ts";
import { withCommitTree, type CommitTrees } from "./commit-tree.ts";
import { formatVersion } from "./file-format.ts";

export interface CodeIndexesOptions extends CommitTrees {
  /** Where index files are kept: one for each commit. */
  readonly dir: string;
}

/** An index that stays open as long as this is not disposed of. */
export interface IndexLease extends Disposable {
  readonly index: CodeIndex;
}

interface OpenIndex {
  readonly index: CodeIndex;
  readonly hold: Disposable;
  users: number;
  isClosing: boolean;
}

const ending = `.v${formatVersion}.index`;
/** Indexes that stay open between queries; each holds about 20 bytes of memory for a chunk, and for a word. */
const mostOpen = 4;

/** Indexes of commits, each built once, when it is first asked for, from the repository's mirror, and shared by all rollouts. */
export class CodeIndexes implements Cache, AsyncDisposable {
  readonly #options: CodeIndexesOptions;
  readonly #opening = new SingleFlight<OpenIndex>();
  readonly #uses = new Uses((path) => path);
  /** The one that was used longest ago first. */
  readonly #open = new Map<string, OpenIndex>();

  constructor(options: CodeIndexesOptions) {
    this.#options = options;
  }

  /**
   * Builds it where it is missing: seconds for a small repository, a minute and more for a large one. Whoever asks at the same time waits for the
   * same build; it goes on as long as one waits.
   * @throws BerthError what `Mirrors.ensure`, `checkOut` and `buildIndex` throw; `storage_failed`
   */
  async of(repository: Repository, signal?: AbortSignal): Promise<IndexLease> {
    const path = join(this.#options.dir, `${repository.commit}${ending}`);
    const known = this.#open.get(path);
    if (known) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return this.#lease(known);
    }
    return this.#lease(await this.#opening.run(path, (flight) => this.#begin(path, repository, flight), signal));
  }

  async list(): Promise<readonly CachedItem[]> {
    const names = await readdir(this.#options.dir).catch((): string[] => []);
    const items: CachedItem[] = [];
    for (const name of names.filter((candidate) => candidate.endsWith(".index"))) {
      const path = join(this.#options.dir, name);
      const found = await stat(path).catch(() => undefined);
      const lastUsedMs = await this.#uses.lastUsedMs(path);
      if (!found || lastUsedMs === undefined) continue;
      const inUse = this.#uses.isHeld(path) && !this.#open.has(path);
      items.push({ kind: "index", id: name, name: name.slice(0, 12), bytes: found.blocks * 512, lastUsedMs, inUse });
    }
    return items;
  }

  async evict(id: string, unlessUsedSinceMs: number): Promise<boolean> {
    const path = join(this.#options.dir, basename(id));
    await this.#close(path);
    return await this.#uses.removeUnused(path, unlessUsedSinceMs, () => rm(path, { force: true }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of [...this.#open.keys()]) await this.#close(path);
  }

  #lease(open: OpenIndex): IndexLease {
    open.users += 1;
    let isOver = false;
    return {
      index: open.index,
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        open.users -= 1;
        void closeUnused(open);
      },
    };
  }

  async #begin(path: string, repository: Repository, signal: AbortSignal): Promise<OpenIndex> {
    const hold = await this.#uses.hold(path);
    try {
      if (!(await exists(path))) await this.#build(path, repository, signal);
      const open: OpenIndex = { index: await CodeIndex.open(path), hold, users: 0, isClosing: false };
      this.#open.set(path, open);
      const [oldest] = this.#open.keys();
      if (this.#open.size > mostOpen && oldest !== undefined) await this.#close(oldest);
      return open;
    } catch (error) {
      hold[Symbol.dispose]();
      throw error;
    }
  }

  /** Queries that run keep it open until they end. */
  async #close(path: string): Promise<void> {
    const open = this.#open.get(path);
    if (!open) return;
    this.#open.delete(path);
    open.isClosing = true;
    await closeUnused(open);
  }

  async #build(path: string, repository: Repository, signal: AbortSignal): Promise<void> {
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
    await withCommitTree(repository, this.#options, signal, (tree) => buildIndex({ tree, path }, { signal }));
  }
}

async function closeUnused({ index, hold, users, isClosing }: OpenIndex): Promise<void> {
  if (!isClosing || users > 0) return;
  await index[Symbol.asyncDispose]();
  hold[Symbol.dispose]();
}
