import { createReadStream } from "node:fs";
import type { Row } from "./rows/row-format.ts";

/** Test patches of data sets have some; what is longer is no row. In characters. */
const LONGEST_LINE = 64 * 1024 * 1024;

export interface ReadRow {
  /** From 1. */
  readonly line: number;
  /** Undefined when the line is no JSON object. */
  readonly row: Row | undefined;
}

/** The objects of a JSONL file, one after the other. @throws Error when the file cannot be read, or a line is longer than 64 Mi characters */
export async function* readRows(path: string): AsyncGenerator<ReadRow> {
  let line = 0;
  let rest = "";
  for await (const piece of createReadStream(path, "utf8") as AsyncIterable<string>) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new Error(`${path}: the line ${line + lines.length + 1} is too long.`);
    for (const text of lines) {
      line += 1;
      if (text.trim() !== "") yield { line, row: parsed(text) };
    }
  }
  if (rest.trim() !== "") yield { line: line + 1, row: parsed(rest) };
}

function parsed(text: string): Row | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : undefined;
  } catch {
    return undefined;
  }
}
