import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { languageOf } from "../../code-index/languages.ts";
import { definitionsIn } from "../../code-index/read-syntax.ts";
import type { Definition } from "../../code-index/syntax.ts";
import { countField, globsField, pathField } from "../fields.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import { changedFiles, readAll } from "./live-files.ts";
import { filterOf } from "./ranked-chunks.ts";

interface FoundSymbol extends Definition {
  readonly path: string;
}

export const symbols = defineTool({
  name: "symbols",
  description: `Finds what code defines: functions, classes, methods, types. With path the outline of one file; with name where a name is defined, in all of the workspace.
Comes back: one line each: path:line, kind, name. Python, JavaScript, TypeScript, Go, Rust, Java and C are read, by their grammars. Use references for where a name is used.`,
  effect: "read",
  arguments: z.strictObject({
    name: z.string().min(1).max(128).optional().describe("The name, whatever its case."),
    part: z.boolean().default(false).describe("Names that hold the given text count too."),
    path: pathField("Only this file: all that it defines, or what fits name.").optional(),
    include: globsField('Only files that match one of these globs, for example ["*.py", "src/**"].'),
    max_results: countField(1, 1000, 100, "Most definitions to give."),
  }),
  async run(context, { name, part, path, include, max_results: limit }) {
    const fitsName = (candidate: string): boolean => {
      if (name === undefined) return true;
      const [given, wanted] = [candidate.toLowerCase(), name.toLowerCase()];
      return part ? given.includes(wanted) : given === wanted;
    };
    const { found, isPartial } =
      path === undefined ? await everywhere(context, { name, part, include }) : await inFile(context, path);
    const fitting = found.filter((symbol) => fitsName(symbol.name));
    const shown = fitting.slice(0, limit);
    const lines = shown.map((symbol) => `${symbol.path}:${symbol.start}\t${symbol.kind} ${symbol.name}`);
    if (shown.length === 0) lines.push("[nothing of that name is defined in a language that is read]");
    if (fitting.length > shown.length)
      lines.push(`[there are more than these ${shown.length}; give a path, include, or raise max_results]`);
    if (isPartial) lines.push("[not all files could be read by a grammar; grep searches all]");
    return {
      output: lines.join("\n") + "\n",
      data: {
        symbols: shown.map(({ path: file, kind, name: of, start, end }) => ({
          path: file,
          kind,
          name: of,
          start,
          end,
        })),
      },
      truncated: fitting.length > shown.length,
    };
  },
});

async function inFile(context: ToolContext, path: string): Promise<{ found: FoundSymbol[]; isPartial: boolean }> {
  const [file] = await readAll(context, [path]);
  if (!file) {
    await context.guest.stat(path, { signal: context.signal });
    throw new BerthError("not_text", `${path} is no text file of at most 256 KiB.`);
  }
  if (languageOf(path) === undefined)
    throw new BerthError("invalid_arguments", `No grammar reads files like ${path}.`, {
      remedy: "Use grep or read_file.",
    });
  const [definitions] = await definitionsIn([file], context.signal);
  return { found: (definitions ?? []).map((of) => ({ ...of, path })), isPartial: definitions === undefined };
}

async function everywhere(
  context: ToolContext,
  { name, part, include }: { name: string | undefined; part: boolean; include: readonly string[] | undefined },
): Promise<{ found: FoundSymbol[]; isPartial: boolean }> {
  if (name === undefined) {
    throw new BerthError("invalid_arguments", "Neither name nor path is given.", {
      remedy: "Give the name that you look for, or the path of a file for its outline.",
    });
  }
  using lease = await context.index();
  const fits = filterOf(include);
  const [known, changed] = await Promise.all([
    lease?.index.definitions(name, { part, limit: 5_000 }) ?? [],
    changedFiles(context),
  ]);
  const sources = changed.files.filter(({ path }) => languageOf(path) !== undefined && fits(path));
  const read = await definitionsIn(sources, context.signal);
  const live = read.flatMap((definitions, at) =>
    (definitions ?? []).map((of) => ({ ...of, path: sources[at]?.path ?? "" })),
  );
  const old = known.filter(({ path }) => !changed.paths.has(path) && fits(path));
  return { found: [...live, ...old], isPartial: changed.isPartial || (lease?.index.head.partial_definitions ?? false) };
}
