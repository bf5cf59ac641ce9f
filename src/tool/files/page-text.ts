import type { FileLines } from "../../guest/guest.ts";
import { counted } from "../wording.ts";

/** A page of a file as a model reads it: its lines, with numbers where they are wanted, and what is to be said of the page. */
export function pageText(page: FileLines, { start, numbered }: { start: number; numbered: boolean }): string {
  const text = numbered ? numberLines(page) : page.text;
  const notes = notesOn(page, start, numbered);
  const separator = text === "" || text.endsWith("\n") || notes.length === 0 ? "" : "\n";
  return text + separator + notes.map((note) => `[${note}]\n`).join("");
}

export function numberLines({ text, startLine }: Pick<FileLines, "text" | "startLine">): string {
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
