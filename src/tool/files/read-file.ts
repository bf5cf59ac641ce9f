import { z } from "zod";
import { countField, pathField } from "../fields.ts";
import { pageText } from "./page-text.ts";
import { defineTool } from "../tool.ts";

/** Bytes of one page; with line numbers the answer stays below the bound of all answers. */
const pageBytes = 131_072;

export const readFile = defineTool({
  name: "read_file",
  description: `Reads lines of a text file.
Comes back: each line with its number and a tab before it (they are not part of the file; never copy them into an edit), then, unless the whole file was given, a line that says which lines these are, of how many, and which start_line gives the next page. A page has at most line_count lines and 128 KiB; a line longer than 8 KiB is cut. Binary files are refused.`,
  effect: "read",
  arguments: z.strictObject({
    path: pathField("The file, relative to the workspace."),
    start_line: countField(1, 1_000_000_000, 1, "First line to read, from 1."),
    line_count: countField(1, 10_000, 2000, "Most lines to read."),
    line_numbers: z.boolean().default(true).describe("False gives the text alone, exactly as it is in the file."),
  }),
  async run({ guest, signal }, { path, start_line: start, line_count: count, line_numbers: numbered }) {
    const page = await guest.lines(path, { start, count, maxBytes: pageBytes }, { signal });
    const { startLine, endLine, totalLines, totalBytes, longLines } = page;
    return {
      output: pageText(page, { start, numbered }),
      data: {
        path,
        start_line: startLine,
        end_line: endLine,
        total_lines: totalLines,
        total_bytes: totalBytes,
        long_lines: longLines,
      },
      truncated: page.truncated || longLines > 0,
    };
  },
});
