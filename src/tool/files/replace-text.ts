import { BerthError } from "../../core/errors.ts";
import { nearestText } from "./nearest-text.ts";
import { findOccurrences } from "./occurrences.ts";
import { maxEditBytes } from "./text-file.ts";
import { listed } from "../wording.ts";

export interface Replacement {
  readonly bytes: Buffer;
  /** Lines of the file before the edit, from 1, of the first occurrences that were replaced. */
  readonly lines: readonly number[];
  readonly count: number;
}

export interface ReplaceRequest {
  readonly path: string;
  readonly bytes: Buffer;
  readonly oldText: string;
  readonly newText: string;
  readonly all: boolean;
}

const mostLines = 20;
const lineFeed = 0x0a;

/**
 * Replaces text byte for byte, so that what is no UTF-8 elsewhere in the file stays as it is.
 * @throws BerthError `edit_not_found`, `edit_not_unique`, `file_too_large` when the result would be
 */
export function replaceText(request: ReplaceRequest): Replacement {
  const { path, bytes, all } = request;
  const { needle, substitute, places } = locate(request);
  if (places.length === 0) {
    throw new BerthError(
      "edit_not_found",
      `old_string does not occur in ${path}.${nearestText(bytes, request.oldText)}`,
    );
  }
  const lines = linesOf(bytes, places.slice(0, mostLines));
  if (places.length > 1 && !all) {
    const more = places.length > lines.length ? ` and ${places.length - lines.length} more` : "";
    throw new BerthError(
      "edit_not_unique",
      `old_string occurs ${places.length} times in ${path}: at lines ${listed(lines)}${more}.`,
      {
        remedy: "Add lines around the text until it occurs once, or set replace_all.",
      },
    );
  }
  const apart = all ? withoutOverlaps(places, needle.length) : places;
  const size = bytes.length + apart.length * (substitute.length - needle.length);
  if (size > maxEditBytes) {
    throw new BerthError(
      "file_too_large",
      `${path} would grow to ${size} bytes; files up to ${maxEditBytes} bytes can be edited.`,
    );
  }
  return {
    bytes: spliced(bytes, apart, needle.length, substitute),
    lines: linesOf(bytes, apart.slice(0, mostLines)),
    count: apart.length,
  };
}

/** First as written; then, in a file with CR LF, with such line ends. */
function locate({ bytes, oldText, newText }: ReplaceRequest): { needle: Buffer; substitute: Buffer; places: number[] } {
  const mindsReturns = oldText.includes("\r") || newText.includes("\r");
  const crlf = !mindsReturns && hasOnlyCrlf(bytes);
  const form = (text: string): Buffer => Buffer.from(crlf ? text.replaceAll("\n", "\r\n") : text, "utf8");
  const needle = form(oldText);
  const places: number[] = [];
  findOccurrences(bytes, needle, 0, (at) => {
    places.push(at);
    return true;
  });
  return { needle, substitute: form(newText), places };
}

function hasOnlyCrlf(bytes: Buffer): boolean {
  let at = bytes.indexOf(lineFeed);
  if (at < 0) return false;
  for (; at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at - 1] !== 0x0d) return false;
  }
  return true;
}

function withoutOverlaps(places: readonly number[], length: number): number[] {
  let end = 0;
  return places.filter((at) => {
    if (at < end) return false;
    end = at + length;
    return true;
  });
}

function spliced(bytes: Buffer, places: readonly number[], length: number, substitute: Buffer): Buffer {
  const parts: Buffer[] = [];
  let copied = 0;
  for (const at of places) {
    parts.push(bytes.subarray(copied, at), substitute);
    copied = at + length;
  }
  parts.push(bytes.subarray(copied));
  return Buffer.concat(parts);
}

/** @param places ascending */
function linesOf(bytes: Buffer, places: readonly number[]): number[] {
  let line = 1;
  let from = 0;
  return places.map((place) => {
    for (let at = bytes.indexOf(lineFeed, from); at >= 0 && at < place; at = bytes.indexOf(lineFeed, from)) {
      line += 1;
      from = at + 1;
    }
    return line;
  });
}
