import { z } from "zod";
import { linesOf } from "../../code-index/chunks.ts";
import type { CodeIndex } from "../../code-index/code-index.ts";
import { placesIn } from "../../code-index/read-syntax.ts";
import type { Place } from "../../code-index/syntax.ts";
import { countField, globsField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { changedFiles, readAll, type LiveFile } from "./live-files.ts";
import { filterOf } from "./ranked-chunks.ts";

/** Files that are read for one question, those that hold the name most often first. */
const mostFiles = 200;
const mostLineLength = 200;

export const references = defineTool({
  name: "references",
  description: `Finds where a name stands in code: definitions, calls and other uses, told apart by the languages' grammars; comments and texts do not count.
Comes back: path:line, then definition, call or use, then the line. Python, JavaScript, TypeScript, Go, Rust, Java and C are read by their grammars; in other files whole words count, as text. Names are compared exactly, not what they mean: two things of one name are not told apart. At most 200 files are read.`,
  effect: "read",
  arguments: z.strictObject({
    name: z
      .string()
      .regex(/^[\p{L}_$#][\p{L}\p{N}_$]{0,127}$/u, { error: "must be one name of code, without dots or spaces" })
      .describe("The name, exactly as it is written, without what stands before a dot."),
    include: globsField('Only files that match one of these globs, for example ["*.py", "src/**"].'),
    calls_only: z.boolean().default(false).describe("Only calls."),
    max_results: countField(1, 1000, 100, "Most places to give."),
  }),
  async run(context, { name, include, calls_only: callsOnly, max_results: limit }) {
    using lease = await context.index();
    const fits = filterOf(include);
    const [known, changed] = await Promise.all([
      lease === undefined ? [] : filesWith(lease.index, name),
      changedFiles(context),
    ]);
    const old = known.filter((path) => !changed.paths.has(path) && fits(path));
    const chosen = old.slice(0, mostFiles);
    const holding = [...changed.files.filter(({ path }) => fits(path)), ...(await readAll(context, chosen))].filter(
      ({ text }) => text.includes(name),
    );
    const read = await placesIn(holding, name, context.signal);
    const found = holding.flatMap((file, at) => describe(file, read[at] ?? wholeWords(file, name)));
    const fitting = callsOnly ? found.filter(({ role }) => role === "call") : found;
    const shown = fitting.slice(0, limit);
    const lines = shown.map(({ path, line, role, text }) => `${path}:${line}\t${role}\t${text}`);
    if (shown.length === 0) lines.push("[the name stands nowhere]");
    if (fitting.length > shown.length)
      lines.push(`[there are ${fitting.length} places; give include, or raise max_results]`);
    const isPartial = old.length > chosen.length || changed.isPartial || (lease?.index.head.partial ?? false);
    if (isPartial) lines.push("[not all files were read; give include, or use grep]");
    return {
      output: lines.join("\n") + "\n",
      data: { places: shown.map(({ path, line, role }) => ({ path, line, role })), total: fitting.length },
      truncated: fitting.length > shown.length || isPartial,
    };
  },
});

/** Files that hold the name as a word, those where it stands most often first. */
async function filesWith(index: CodeIndex, name: string): Promise<string[]> {
  const postings = await index.postings(name.toLowerCase());
  if (postings === undefined) return [];
  const counts = new Map<string, number>();
  for (const [at, chunk] of postings.chunks.entries()) {
    const { path } = index.chunk(chunk);
    counts.set(path, (counts.get(path) ?? 0) + (postings.counts[at] ?? 0));
  }
  return [...counts].toSorted((a, b) => b[1] - a[1]).map(([path]) => path);
}

interface Described {
  readonly path: string;
  readonly line: number;
  readonly role: Place["role"] | "text";
  readonly text: string;
}

function describe(
  { path, text }: LiveFile,
  places: readonly (Omit<Place, "role"> & { role: Described["role"] })[],
): Described[] {
  const lines = linesOf(text);
  return places.map(({ line, role }) => ({
    path,
    line,
    role,
    text: (lines[line - 1] ?? "").trim().slice(0, mostLineLength).toWellFormed(),
  }));
}

function wholeWords({ text }: LiveFile, name: string) {
  const word = new RegExp(`(?<![\\p{L}\\p{N}_$])${name.replaceAll("$", String.raw`\$`)}(?![\\p{L}\\p{N}_$])`, "u");
  return linesOf(text).flatMap((content, at) => {
    const column = content.search(word);
    return column < 0 ? [] : [{ line: at + 1, column: column + 1, role: "text" as const }];
  });
}
