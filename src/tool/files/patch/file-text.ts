import type { ByteText } from "../byte-text.ts";

/** A file taken apart into lines, so that it can be put together again byte for byte. */
export interface FileText {
  readonly lines: readonly ByteText[];
  readonly lineEnd: "\n" | "\r\n";
  /** True for an empty file: what is added to it ends with a line end. */
  readonly newlineAtEnd: boolean;
}

/**
 * @param keepReturns a carriage return is part of its line, even where every line has one: for patches that spell them out
 */
export function splitFile(text: ByteText, keepReturns: boolean): FileText {
  const lineEnd = !keepReturns && endsAllLinesWithCrlf(text) ? "\r\n" : "\n";
  if (text === "") return { lines: [], lineEnd, newlineAtEnd: true };
  const lines = text.split(lineEnd);
  const newlineAtEnd = lines.at(-1) === "";
  if (newlineAtEnd) lines.pop();
  return { lines, lineEnd, newlineAtEnd };
}

export function joinFile({ lines, lineEnd, newlineAtEnd }: FileText): ByteText {
  return lines.length === 0 ? "" : lines.join(lineEnd) + (newlineAtEnd ? lineEnd : "");
}

export function endsAllLinesWithCrlf(text: ByteText): boolean {
  let at = text.indexOf("\n");
  if (at < 0) return false;
  for (; at >= 0; at = text.indexOf("\n", at + 1)) {
    if (text[at - 1] !== "\r") return false;
  }
  return true;
}
