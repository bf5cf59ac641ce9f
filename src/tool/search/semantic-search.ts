import { z } from "zod";
import { chunksOf, linesOf } from "../../code-index/chunks.ts";
import { textOfChunk, type Vector } from "../../code-index/meaning/embedder.ts";
import { countField, globsField } from "../fields.ts";
import { defineTool, type Semantics, type ToolContext } from "../tool.ts";
import { changedFiles, type ChangedFiles } from "./live-files.ts";
import { filterOf, rankedChunks, readChunks, type PlacedChunk, type RankedChunk } from "./ranked-chunks.ts";

const mostLinesShown = 8;
const mostLineLength = 200;
/** Of what the rollout changed, chunks that are embedded for a question. */
const mostChangedChunks = 256;
/** As for words: some of the nearest are of files that changed, are gone or are filtered out. */
const spare = 5;
const spareFiltered = 50;

interface Found {
  readonly chunks: readonly RankedChunk[];
  readonly isPartial: boolean;
}

export const semanticSearch = defineTool({
  name: "semantic_search",
  description: `Finds the places of the workspace that are about something, also where other words are used: "where are users logged out" finds end_session.
Places are ranked by embeddings where the controller has a model for them, else by the words of the query as in keyword_search; the answer's last line says which. Comes back: for each place path:first line-last line, then its first lines with their numbers. Use retrieve to read a place in full, grep for exact text.`,
  effect: "read",
  arguments: z.strictObject({
    query: z.string().min(1).max(2_000).describe("What to look for, in words."),
    include: globsField('Only files that match one of these globs, for example ["*.py", "src/**"].'),
    max_results: countField(1, 50, 10, "Most places to give."),
  }),
  async run(context, { query: text, include, max_results: limit }) {
    const { semantics } = context;
    const wanted = { text, include, limit };
    const { chunks, isPartial } = await (semantics ? byMeaning(context, semantics, wanted) : byWords(context, wanted));
    const lines = chunks.flatMap((chunk) => [
      `${chunk.path}:${chunk.start}-${chunk.start + chunk.lines.length - 1}`,
      ...shownLines(chunk),
    ]);
    if (chunks.length === 0) lines.push("[nothing was found]");
    if (isPartial) lines.push("[some files are too large or too many to be ranked; grep searches all]");
    lines.push(
      semantics ? `[ranked by embeddings of ${semantics.model}]` : "[ranked by words: there are no embeddings here]",
    );
    return {
      output: lines.join("\n") + "\n",
      data: {
        ranked_by: semantics ? "embeddings" : "words",
        ...(semantics && { model: semantics.model }),
        results: chunks.map(({ path, start, lines: of, score }) => ({
          path,
          start,
          end: start + of.length - 1,
          score,
        })),
      },
      truncated: false,
    };
  },
});

interface Wanted {
  readonly text: string;
  readonly include: readonly string[] | undefined;
  readonly limit: number;
}

async function byWords(context: ToolContext, wanted: Wanted): Promise<Found> {
  using lease = await context.index();
  return await rankedChunks(context, lease?.index, wanted);
}

async function byMeaning(context: ToolContext, semantics: Semantics, { text, include, limit }: Wanted): Promise<Found> {
  const { signal } = context;
  const fits = filterOf(include);
  const [[query = new Float32Array()], changed] = await Promise.all([
    semantics.embed([text.toWellFormed()], signal),
    changedFiles(context),
  ]);
  const [nearest, live] = await Promise.all([
    semantics.nearest(query, limit * (include === undefined ? spare : spareFiltered), signal),
    changedChunks(changed, { fits, query, semantics, signal }),
  ]);
  const indexed = nearest.hits.filter(({ path }) => fits(path) && !changed.paths.has(path));
  const best = [...live.chunks, ...indexed].toSorted((a, b) => b.score - a.score).slice(0, spare * limit);
  return {
    chunks: (await readChunks(context, best)).slice(0, limit),
    isPartial: nearest.isPartial || changed.isPartial || live.isPartial,
  };
}

/** What the rollout wrote is embedded as it is now; a text that was embedded lately is not embedded again. */
async function changedChunks(
  { files }: ChangedFiles,
  {
    fits,
    query,
    semantics,
    signal,
  }: { fits: (path: string) => boolean; query: Vector; semantics: Semantics; signal: AbortSignal },
): Promise<{ chunks: readonly PlacedChunk[]; isPartial: boolean }> {
  const all = files
    .filter(({ path }) => fits(path))
    .flatMap(({ path, text }) => {
      const lines = linesOf(text);
      return chunksOf(lines).map(({ start, end }) => ({
        path,
        start,
        end,
        text: textOfChunk(path, lines.slice(start - 1, end)),
      }));
    });
  const chosen = all.slice(0, mostChangedChunks);
  const vectors =
    chosen.length === 0
      ? []
      : await semantics.embed(
          chosen.map(({ text }) => text),
          signal,
        );
  const chunks = chosen.map(({ path, start, end }, at) => ({ path, start, end, score: cosine(query, vectors[at]) }));
  return { chunks, isPartial: chosen.length < all.length };
}

function cosine(a: Vector, b: Vector | undefined): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b?.[at] ?? 0);
  return sum;
}

const shownLines = ({ start, lines }: RankedChunk): string[] =>
  lines
    .slice(0, mostLinesShown)
    .map((text, at) => `${`${start + at}`.padStart(6)}\t${text.slice(0, mostLineLength).toWellFormed()}`);
