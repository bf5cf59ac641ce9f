import picomatch from "picomatch";
import { chunksOf, linesOf } from "../../code-index/chunks.ts";
import type { CodeIndex } from "../../code-index/code-index.ts";
import { bestChunks, queryOf, scoreOf, type Query } from "../../code-index/ranking.ts";
import type { ToolContext } from "../tool.ts";
import { changedFiles, readAll, type LiveFile } from "./live-files.ts";

/** A piece of a file of the sandbox, as it is now. */
export interface RankedChunk {
  readonly path: string;
  readonly start: number;
  readonly lines: readonly string[];
  readonly score: number;
}

/** Where one is, not read yet. */
export interface PlacedChunk {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

export interface Ranking {
  readonly chunks: readonly RankedChunk[];
  readonly query: Query;
  /** Something may be missing: of the index, or of what changed. */
  readonly isPartial: boolean;
}

/** How many more chunks are looked at than are given: some are of files that changed, are gone or are filtered out. */
const spare = 5;

/**
 * The chunks of the workspace that fit a query best, best first. The index says where to look; what changed since is read from the sandbox, and so are the
 * lines that are given.
 */
export async function rankedChunks(
  context: ToolContext,
  index: CodeIndex | undefined,
  { text, include, limit }: { text: string; include: readonly string[] | undefined; limit: number },
): Promise<Ranking> {
  const query = queryOf(text, index);
  const fits = filterOf(include);
  const [hits, changed] = await Promise.all([
    index === undefined ? [] : bestChunks(index, query, include === undefined ? spare * limit : 50 * limit),
    changedFiles(context),
  ]);
  const live = changed.files.filter(({ path }) => fits(path)).flatMap((file) => chunksIn(file, query));
  const indexed = hits.flatMap(({ chunk, score }) => {
    const { path, start, end } = index?.chunk(chunk) ?? { path: "", start: 1, end: 0 };
    return changed.paths.has(path) || !fits(path) ? [] : [{ path, start, end, score }];
  });
  const best = [...live, ...indexed].toSorted((a, b) => b.score - a.score).slice(0, spare * limit);
  const chunks = await readChunks(context, best);
  return { chunks: chunks.slice(0, limit), query, isPartial: changed.isPartial || (index?.head.partial ?? false) };
}

/** Chunks with their lines as they are in the sandbox now, in the given order; those that are gone are left out. */
export async function readChunks(context: ToolContext, placed: readonly PlacedChunk[]): Promise<RankedChunk[]> {
  const files = await readAll(
    context,
    placed.map(({ path }) => path),
  );
  const texts = new Map(files.map((file) => [file.path, file.text]));
  return placed.flatMap(({ path, start, end, score }) => {
    const lines = linesOf(texts.get(path) ?? "").slice(start - 1, end);
    return lines.length === 0 ? [] : [{ path, start, lines, score }];
  });
}

function chunksIn({ path, text }: LiveFile, query: Query) {
  const lines = linesOf(text);
  return chunksOf(lines).flatMap(({ start, end }) => {
    const score = scoreOf(`${path}\n${lines.slice(start - 1, end).join("\n")}`, query);
    return score > 0 ? [{ path, start, end, score }] : [];
  });
}

/** Like grep's: a glob without a slash is for names at any depth. */
export function filterOf(globs: readonly string[] | undefined): (path: string) => boolean {
  if (globs === undefined || globs.length === 0) return () => true;
  const matchers = globs.map((glob) =>
    picomatch(glob, { dot: true, ...(glob.includes("/") ? {} : { basename: true }) }),
  );
  return (path) => matchers.some((matches) => matches(path));
}
