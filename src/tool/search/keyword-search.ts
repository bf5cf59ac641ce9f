import { z } from "zod";
import { wordsOf } from "../../code-index/words.ts";
import { countField, globsField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { rankedChunks, type RankedChunk } from "./ranked-chunks.ts";

const mostLinesShown = 8;
const mostLineLength = 200;

export const keywordSearch = defineTool({
  name: "keyword_search",
  description: `Finds the places of the workspace that fit some words best, ranked (BM25). Names count whole and by their parts: "http header" finds parseHttpHeader and http_header.
Comes back: for each place path:first line-last line, then those of its lines that hold a word, with their numbers. Use it when you know what something is about but not its exact text; use grep for exact text, symbols for definitions, retrieve to read a place in full.`,
  effect: "read",
  arguments: z.strictObject({
    query: z.string().min(1).max(2_000).describe("The words to look for, in any order; names of code are fine."),
    include: globsField('Only files that match one of these globs, for example ["*.py", "src/**"].'),
    max_results: countField(1, 50, 10, "Most places to give."),
  }),
  async run(context, { query: text, include, max_results: limit }) {
    using lease = await context.index();
    const { chunks, query, isPartial } = await rankedChunks(context, lease?.index, { text, include, limit });
    const wanted = new Set(query.weights.keys());
    const lines = chunks.flatMap((chunk) => [
      `${chunk.path}:${chunk.start}-${chunk.start + chunk.lines.length - 1}`,
      ...shownLines(chunk, wanted),
    ]);
    if (chunks.length === 0) lines.push("[no place holds any of the words]");
    if (isPartial) lines.push("[some files are too large or too many to be ranked; grep searches all]");
    return {
      output: lines.join("\n") + "\n",
      data: {
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

function shownLines({ start, lines }: RankedChunk, wanted: ReadonlySet<string>): string[] {
  const numbered = lines.map((text, at) => ({ number: start + at, text }));
  const holding = numbered.filter(({ text }) => [...wordsOf(text)].some((word) => wanted.has(word)));
  const shown = (holding.length === 0 ? numbered : holding).slice(0, mostLinesShown);
  return shown.map(({ number, text }) => `${`${number}`.padStart(6)}\t${text.slice(0, mostLineLength).toWellFormed()}`);
}
