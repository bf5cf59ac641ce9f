import { z } from "zod";
import type { FileLines } from "../guest/guest.ts";
import { countField, pathField } from "./fields.ts";
import { defineTool } from "./tool.ts";
import { counted } from "./wording.ts";

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
    const text = numbered ? numberLines(page) : page.text;
    const notes = notesOn(page, start, numbered);
    const separator = text === "" || text.endsWith("\n") || notes.length === 0 ? "" : "\n";
    return {
      output: text + separator + notes.map((note) => `[${note}]\n`).join(""),
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

function numberLines({ text, startLine }: FileLines): string {
  if (text === "") return "";
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const last = `${startLine + lines.length - 1}`.length;
  const width = Math.max(4, last);
  return lines
    .map(
      (line, index) => `${`${startLine + index}`.padStart(width)}\t${line.endsWith("\r") ? line.slice(0, -1) : line}\n`,
    )
    .join("");
}

function notesOn(page: FileLines, start: number, numbered: boolean): string[] {
  const { text, startLine, endLine, totalLines, totalBytes, longLines } = page;
  if (totalBytes === 0) return ["the file is empty"];
  if (start > totalLines) return [`start_line ${start} is behind the end: the file has ${counted(totalLines, "line")}`];
  const notes: string[] = [];
  if (startLine > 1 || endLine < totalLines) {
    const next = endLine < totalLines ? `; next page: start_line ${Math.max(endLine, startLine - 1) + 1}` : ", the end";
    notes.push(`lines ${startLine} to ${endLine} of ${totalLines} (${totalBytes} bytes in all)${next}`);
  }
  if (longLines > 0)
    notes.push(
      `${counted(longLines, "line")} longer than 8 KiB ${longLines === 1 ? "was" : "were"} cut; use the shell (cut -c) to see the rest`,
    );
  if (numbered && text.includes("\r\n")) notes.push("lines end in CR LF");
  if (endLine === totalLines && longLines === 0 && text !== "" && !text.endsWith("\n"))
    notes.push("no line end behind the last line");
  return notes;
}
