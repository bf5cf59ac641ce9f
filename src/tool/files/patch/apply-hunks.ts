import { BerthError } from "../../../core/errors.ts";
import { type ByteText, toByteText } from "../byte-text.ts";
import { type FileText, joinFile, splitFile } from "./file-text.ts";
import { explainMiss } from "./explain-miss.ts";
import { type Found, HunkFinder, type Sought } from "./hunk-finder.ts";
import type { Hunk } from "./patch.ts";

export interface AppliedHunk {
  /** Line of the new text, from 1, where the hunk's lines start. */
  readonly line: number;
  /** Lines of the old text, from 1, where the same old lines stand too: the model may have meant another place. */
  readonly alsoAt: readonly number[];
}

export interface AppliedHunks {
  readonly text: ByteText;
  readonly hunks: readonly AppliedHunk[];
  readonly added: number;
  readonly removed: number;
}

interface PlacedHunk extends Found {
  readonly hunk: Hunk;
  readonly alsoAt: readonly number[];
}

const mostOthers = 5;

/**
 * Applies hunks in order, each behind the one before. Takes time linear in the lengths of text and hunks.
 * @throws BerthError `invalid_patch` naming file, hunk and the text that was expected
 */
export function applyHunks(path: string, text: ByteText, hunks: readonly Hunk[]): AppliedHunks {
  const prepared = hunks.map(toBytes);
  const file = splitFile(text, prepared.some(spellsOutReturns));
  const finder = new HunkFinder(
    file.lines,
    prepared.reduce((sum, hunk) => sum + hunk.lines.length, 0),
  );
  const placed: PlacedHunk[] = [];
  let from = 0;
  for (const [index, hunk] of prepared.entries()) {
    const place = placeHunk(path, file, finder, hunk, from, `hunk ${index + 1} of ${prepared.length}`);
    placed.push(place);
    from = place.at + place.length;
  }
  return assemble(file, placed);
}

/** Texts as the file has them: a byte a character. */
function toBytes(hunk: Hunk): Hunk {
  return {
    ...hunk,
    anchors: hunk.anchors.map(toByteText),
    lines: hunk.lines.map(({ type, text }) => ({ type, text: toByteText(text) })),
  };
}

const spellsOutReturns = (hunk: Hunk): boolean => hunk.lines.some((line) => line.text.endsWith("\r"));

const isAtEnd = (hunk: Hunk): boolean => hunk.atEnd || hunk.noNewline.old || hunk.noNewline.new;

function placeHunk(
  path: string,
  file: FileText,
  finder: HunkFinder,
  hunk: Hunk,
  from: number,
  name: string,
): PlacedHunk {
  const oldLines = hunk.lines.filter((line) => line.type !== "added").map((line) => line.text);
  const atEnd = isAtEnd(hunk);
  const sought = (start: number): Sought => ({ oldLines, from: start, expectedIndex: hunk.expectedIndex, atEnd });
  const start = passAnchors(path, finder, hunk, from, name);
  if (oldLines.length === 0) return { hunk, at: insertionIndex(file, hunk, start, from), length: 0, alsoAt: [] };
  // An anchor that stands before this place too may have meant that one: two hunks of one function.
  const found =
    finder.find(sought(start.strict)) ??
    (start.lenient < start.strict ? finder.find(sought(start.lenient)) : undefined);
  if (finder.exhausted) {
    throw new BerthError(
      "invalid_patch",
      `${path}: its hunks repeat so much that they cannot be placed in reasonable time; stopped at ${name}.`,
      {
        remedy: "Nothing was changed. Use fewer hunks, or write the file anew.",
      },
    );
  }
  if (!found)
    throw explainMiss({
      path,
      name,
      hunk,
      file,
      sought: sought(start.strict),
      miss: finder.explain(sought(start.strict)),
    });
  const vague = hunk.anchors.length === 0 && hunk.expectedIndex === undefined && !atEnd;
  const alsoAt = vague ? finder.others(oldLines, from, found.at, mostOthers).map((index) => index + 1) : [];
  return { hunk, ...found, alsoAt };
}

/** Where the search starts: behind all anchors, or behind only those that had not been passed before. */
function passAnchors(
  path: string,
  finder: HunkFinder,
  hunk: Hunk,
  from: number,
  name: string,
): { strict: number; lenient: number } {
  let strict = from;
  let lenient = from;
  for (const anchor of hunk.anchors) {
    const ahead = finder.findAnchor(anchor, strict);
    const passed = finder.hasAnchorBefore(anchor, strict);
    if (ahead === undefined && !passed) throw explainMiss({ path, name, hunk, anchor });
    if (ahead !== undefined) strict = ahead + 1;
    if (!passed) lenient = strict;
  }
  return { strict, lenient };
}

/** For a hunk that only adds: behind its anchor, at its line number, or at the end of the file. */
function insertionIndex(file: FileText, hunk: Hunk, start: { strict: number }, from: number): number {
  if (hunk.anchors.length > 0 && !isAtEnd(hunk)) return start.strict;
  const wanted = isAtEnd(hunk) ? undefined : hunk.expectedIndex;
  return Math.max(from, Math.min(wanted ?? file.lines.length, file.lines.length));
}

function assemble(file: FileText, placed: readonly PlacedHunk[]): AppliedHunks {
  const lines: ByteText[] = [];
  const hunks: AppliedHunk[] = [];
  let { newlineAtEnd } = file;
  let [copied, added, removed] = [0, 0, 0];
  const copyTo = (end: number) => {
    while (copied < end) lines.push(file.lines[copied++] ?? "");
  };
  for (const { hunk, at, length, alsoAt } of placed) {
    copyTo(at);
    hunks.push({ line: lines.length + 1, alsoAt });
    for (const line of hunk.lines) {
      if (line.type === "added") {
        lines.push(line.text);
        added += 1;
      } else if (line.type === "removed") {
        copied += 1;
        removed += 1;
      } else {
        copyTo(Math.min(copied + 1, at + length));
      }
    }
    if (hunk.noNewline.old || hunk.noNewline.new) newlineAtEnd = !hunk.noNewline.new;
  }
  copyTo(file.lines.length);
  return { text: joinFile({ ...file, lines, newlineAtEnd }), hunks, added, removed };
}
