import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { withDeadline } from "../../core/deadline.ts";
import { exists } from "../../core/exists.ts";
import type { Repository } from "../../model/environment.ts";
import type { CachedItem } from "../../snapshot/eviction.ts";
import type { Cache } from "../../snapshot/evictor.ts";
import { SingleFlight } from "../../snapshot/single-flight.ts";
import { Uses } from "../../snapshot/uses.ts";
import { linesOf } from "../chunks.ts";
import type { CodeIndex } from "../code-index.ts";
import { withCommitTree, type CommitTrees } from "../commit-tree.ts";
import { formatVersion } from "../file-format.ts";
import type { CodeIndexes } from "../indexes.ts";
import type { Hit } from "../ranking.ts";
import { textOfChunk, type Embedder, type Vector } from "./embedder.ts";
import { remembering } from "./remembered.ts";
import { VectorFile, vectorFormat, writeVectors } from "./vector-file.ts";

export interface EmbeddingsOptions extends CommitTrees {
  /** Where files of vectors are kept: one for each commit and model. */
  readonly dir: string;
  readonly indexes: Pick<CodeIndexes, "of">;
  readonly embedder: Embedder;
  /** Of one commit, at most. */
  readonly mostChunks: number;
}

/** What a search by meaning stands on. */
export interface Meaning {
  readonly model: string;
  embed(texts: readonly string[], signal: AbortSignal): Promise<Vector[]>;
  /** The chunks of the commit's index that lie nearest to a vector, and whether some have none. */
  nearest(repository: Repository, query: Vector, limit: number, signal: AbortSignal): Promise<NearestChunks>;
}

export interface NearestChunks {
  readonly hits: readonly (Hit & { readonly path: string; readonly start: number; readonly end: number })[];
  readonly isPartial: boolean;
}

const ending = ".vectors";
const buildMs = 1_800_000;
/** Chunks that are embedded before progress is told and the next are read. */
const portion = 512;

/** Vectors of commits' chunks, made once for each model, when first asked for or when an environment is built, and shared by all rollouts. */
export class Embeddings implements Meaning, Cache {
  readonly model: string;
  readonly #options: EmbeddingsOptions;
  readonly #building = new SingleFlight<void>();
  readonly #uses = new Uses((path) => path);
  readonly #ofQuestions: Embedder;

  constructor(options: EmbeddingsOptions) {
    this.#options = options;
    this.#ofQuestions = remembering(options.embedder);
    this.model = options.embedder.model;
  }

  embed(texts: readonly string[], signal: AbortSignal): Promise<Vector[]> {
    return this.#ofQuestions.embed(texts, signal);
  }

  async nearest(repository: Repository, query: Vector, limit: number, signal: AbortSignal): Promise<NearestChunks> {
    using lease = await this.#options.indexes.of(repository, signal);
    const path = this.#pathOf(repository);
    using _held = await this.#hold(repository, lease.index, path, signal);
    await using file = await VectorFile.open(path);
    const found = await file.nearest(query, limit);
    const { vectors } = file.head;
    return {
      hits: found.map((hit) => ({ ...hit, ...lease.index.chunk(hit.chunk) })),
      isPartial: lease.index.head.partial || vectors < lease.index.head.chunks,
    };
  }

  /** Makes them where they are missing. @throws BerthError `embeddings_failed`, and what the index throws */
  async prepare(repository: Repository, onProgress: (message: string) => void, signal?: AbortSignal): Promise<void> {
    using lease = await this.#options.indexes.of(repository, signal);
    using _held = await this.#hold(repository, lease.index, this.#pathOf(repository), signal, onProgress);
  }

  async list(): Promise<readonly CachedItem[]> {
    const names = await readdir(this.#options.dir).catch((): string[] => []);
    const items: CachedItem[] = [];
    for (const name of names.filter((candidate) => candidate.endsWith(ending))) {
      const path = join(this.#options.dir, name);
      const found = await stat(path).catch(() => undefined);
      const lastUsedMs = await this.#uses.lastUsedMs(path);
      if (!found || lastUsedMs === undefined) continue;
      const inUse = this.#uses.isHeld(path);
      items.push({
        kind: "embeddings",
        id: name,
        name: name.slice(0, 12),
        bytes: found.blocks * 512,
        lastUsedMs,
        inUse,
      });
    }
    return items;
  }

  async evict(id: string, unlessUsedSinceMs: number): Promise<boolean> {
    const path = join(this.#options.dir, basename(id));
    return await this.#uses.removeUnused(path, unlessUsedSinceMs, () => rm(path, { force: true }));
  }

  #pathOf({ commit }: Repository): string {
    const model = createHash("sha256").update(this.model).digest("hex").slice(0, 16);
    return join(this.#options.dir, `${commit}.v${formatVersion}.${vectorFormat}.${model}${ending}`);
  }

  /** Until its disposal the file is there. Whoever asks at the same time waits for the same work; it goes on as long as one waits. */
  async #hold(
    repository: Repository,
    index: CodeIndex,
    path: string,
    signal?: AbortSignal,
    onProgress: (message: string) => void = () => {},
  ): Promise<Disposable> {
    const hold = await this.#uses.hold(path);
    try {
      if (!(await exists(path)))
        await this.#building.run(path, (flight) => this.#build(repository, index, path, flight, onProgress), signal);
      return hold;
    } catch (thrown) {
      hold[Symbol.dispose]();
      throw thrown;
    }
  }

  async #build(
    repository: Repository,
    index: CodeIndex,
    path: string,
    signal: AbortSignal,
    onProgress: (message: string) => void,
  ): Promise<void> {
    const { dir, embedder, mostChunks } = this.#options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const count = Math.min(index.head.chunks, mostChunks);
    const vectors: Vector[] = [];
    await withDeadline(
      "Embedding the repository",
      buildMs,
      (within) =>
        withCommitTree(repository, this.#options, within, async (tree) => {
          const read = fileReader(tree);
          while (vectors.length < count) {
            const texts: string[] = [];
            for (let at = vectors.length; at < Math.min(count, vectors.length + portion); at += 1)
              texts.push(await textAt(index, at, read));
            vectors.push(...(await embedder.embed(texts, within)));
            onProgress(`embedded ${vectors.length} of ${count} chunks with ${embedder.model}`);
          }
        }),
      { parent: signal, code: "embeddings_failed" },
    );
    await writeVectors(path, vectors, { model: embedder.model, chunks: index.head.chunks });
  }
}

/** Chunks of one file follow each other, so the last one that was read is all that is kept. */
function fileReader(tree: string): (path: string) => Promise<readonly string[]> {
  let last: { path: string; lines: readonly string[] } | undefined;
  return async (path) => {
    if (last?.path !== path) last = { path, lines: linesOf(await readFile(join(tree, path), "utf8")) };
    return last.lines;
  };
}

async function textAt(
  index: CodeIndex,
  at: number,
  read: (path: string) => Promise<readonly string[]>,
): Promise<string> {
  const { path, start, end } = index.chunk(at);
  return textOfChunk(path, (await read(path)).slice(start - 1, end));
}
