import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { chunksOf, linesOf } from "../../code-index/chunks.ts";
import { countField, pathField } from "../fields.ts";
import { numberLines } from "../files/page-text.ts";
import { defineTool } from "../tool.ts";
import { readAll } from "./live-files.ts";

export const retrieve = defineTool({
  name: "retrieve",
  description: `Reads the piece of a text file that a line belongs to, a function or a section as a rule, with some lines around it: what keyword_search and symbols name.
Comes back: lines with their numbers and a tab before them, as read_file gives them, at most 60 and the context. Files up to 256 KiB.`,
  effect: "read",
  arguments: z.strictObject({
    path: pathField("The file, relative to the workspace."),
    line: countField(1, 1_000_000_000, 1, "A line of the piece, from 1."),
    context: countField(0, 100, 5, "Lines before and after the piece."),
  }),
  async run(context, { path, line, context: around }) {
    const [file] = await readAll(context, [path]);
    if (!file) {
      // Says what is wrong with the path where something is.
      await context.guest.stat(path, { signal: context.signal });
      throw new BerthError("not_text", `${path} is no text file of at most 256 KiB.`, {
        remedy: "Use read_file or the shell.",
      });
    }
    const lines = linesOf(file.text);
    const chunk = chunksOf(lines).find(({ start, end }) => start <= line && line <= end);
    if (!chunk) {
      throw new BerthError("invalid_arguments", `${path} has ${lines.length} lines, and no line ${line}.`);
    }
    const [start, end] = [Math.max(1, chunk.start - around), Math.min(lines.length, chunk.end + around)];
    const text = lines.slice(start - 1, end).join("\n");
    return {
      output: `${numberLines({ text: `${text}\n`, startLine: start })}[lines ${start} to ${end} of ${lines.length} of ${path}]\n`,
      data: { path, start_line: start, end_line: end, total_lines: lines.length },
    };
  },
});
