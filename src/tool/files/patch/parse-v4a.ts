import { quoteLine } from "../../wording.ts";
import { HunkBuilder, parseHunkHeader } from "./hunk-builder.ts";
import { malformedPatch } from "./patch-error.ts";
import type { FileChange, Hunk } from "./patch.ts";

const begin = "*** Begin Patch";
const end = "*** End Patch";
const fileHeaders = { update: "*** Update File:", add: "*** Add File:", delete: "*** Delete File:" } as const;
const moveHeader = "*** Move to:";
const endOfFile = "*** End of File";
/** What a heredoc or a code fence leaves behind the patch. */
const packing = new Set(["", "EOF", "PATCH", "```"]);

interface FileHeader {
  readonly type: keyof typeof fileHeaders;
  readonly path: string;
}

function fileHeader(line: string): FileHeader | undefined {
  for (const type of ["update", "add", "delete"] as const) {
    if (line.startsWith(fileHeaders[type])) return { type, path: line.slice(fileHeaders[type].length).trim() };
  }
  return undefined;
}

const isSectionEnd = (line: string): boolean =>
  line.trimEnd() === end || line.trimEnd() === begin || fileHeader(line) !== undefined;

const isBlank = (line: string): boolean => line.trim() === "";

function skipBlanks(lines: readonly string[], from: number): number {
  let index = from;
  while (index < lines.length && isBlank(lines[index] ?? "")) index += 1;
  return index;
}

export const looksLikeV4a = (lines: readonly string[]): boolean =>
  lines.some((line) => line.trimEnd() === begin || fileHeader(line) !== undefined);

/**
 * Reads patches of the form `*** Begin Patch … *** End Patch`; several may follow one another. Text before the first is
 * skipped, so that a heredoc or a code fence around it does no harm.
 * @throws BerthError `invalid_patch` naming the line
 */
export function parseV4a(lines: readonly string[]): FileChange[] {
  const changes: FileChange[] = [];
  let index = lines.findIndex((line) => line.trimEnd() === begin);
  if (index < 0) throw malformedPatch(1, `it has no \`${begin}\` line.`);
  while (index < lines.length) {
    index = parseSections(lines, index + 1, changes);
    while (index < lines.length && packing.has((lines[index] ?? "").trim())) index += 1;
    if (index < lines.length && lines[index]?.trimEnd() !== begin) {
      throw malformedPatch(index + 1, `text after \`${end}\`: ${quoteLine(lines[index] ?? "")}.`);
    }
  }
  return changes;
}

/** From behind `*** Begin Patch` to behind `*** End Patch`. */
function parseSections(lines: readonly string[], start: number, changes: FileChange[]): number {
  let index = start;
  for (;;) {
    index = skipBlanks(lines, index);
    if (index >= lines.length)
      throw malformedPatch(lines.length, `it ends without \`${end}\`; perhaps it was cut off.`);
    const line = lines[index] ?? "";
    if (line.trimEnd() === end) return index + 1;
    const header = fileHeader(line);
    if (!header) {
      throw malformedPatch(
        index + 1,
        `expected \`${fileHeaders.update} PATH\`, \`${fileHeaders.add} PATH\`, \`${fileHeaders.delete} PATH\` or \`${end}\`, found ${quoteLine(line)}.`,
      );
    }
    if (header.path === "") throw malformedPatch(index + 1, "the path is missing.");
    index = parsers[header.type](lines, index, header.path, changes);
  }
}

type FileParser = (lines: readonly string[], at: number, path: string, changes: FileChange[]) => number;

const parsers: Readonly<Record<FileHeader["type"], FileParser>> = {
  add: parseAdd,
  update: parseUpdate,
  delete: (_lines, at, path, changes) => {
    changes.push({ type: "delete", path, hunks: [] });
    return at + 1;
  },
};

function parseAdd(lines: readonly string[], at: number, path: string, changes: FileChange[]): number {
  const content: string[] = [];
  let newlineAtEnd = true;
  let index = at + 1;
  while (index < lines.length && !isSectionEnd(lines[index] ?? "")) {
    const line = lines[index] ?? "";
    const next = isBlank(line) ? skipBlanks(lines, index) : index;
    if (line.startsWith("+")) content.push(line.slice(1));
    else if (line.startsWith("\\")) newlineAtEnd = false;
    else if (next === index || (next < lines.length && !isSectionEnd(lines[next] ?? ""))) {
      throw malformedPatch(
        index + 1,
        `every line of the added file ${path} must start with \`+\`, found ${quoteLine(line)}.`,
      );
    }
    index = Math.max(next, index + 1);
  }
  changes.push({ type: "add", path, lines: content, newlineAtEnd });
  return index;
}

function parseUpdate(lines: readonly string[], at: number, path: string, changes: FileChange[]): number {
  const hunks: Hunk[] = [];
  let moveTo: string | undefined;
  let hunk: HunkBuilder | undefined;
  const finish = () => {
    if (!hunk) return;
    if (hunk.isEmpty) throw malformedPatch(hunk.patchLine, `the \`@@\` section of ${path} has no lines.`);
    hunks.push(hunk.build(false));
    hunk = undefined;
  };
  let index = at + 1;
  for (; index < lines.length && !isSectionEnd(lines[index] ?? ""); index += 1) {
    const line = lines[index] ?? "";
    if (line.startsWith(moveHeader) && !hunk && hunks.length === 0 && moveTo === undefined) {
      moveTo = line.slice(moveHeader.length).trim();
      if (moveTo === "") throw malformedPatch(index + 1, "the path is missing.");
    } else if (line.startsWith("@@")) {
      if (hunk && !hunk.isEmpty) finish();
      hunk ??= new HunkBuilder(index + 1);
      hunk.header(parseHunkHeader(line));
    } else if (line.trimEnd() === endOfFile) {
      hunk?.endOfFile();
      finish();
    } else {
      if (!hunk && isBlank(line)) {
        const next = skipBlanks(lines, index);
        const after = lines[next] ?? end;
        if (isSectionEnd(after) || after.startsWith("@@")) {
          index = next - 1;
          continue;
        }
      }
      hunk ??= new HunkBuilder(index + 1);
      if (!hunk.line(line)) {
        throw malformedPatch(
          index + 1,
          `in the update of ${path} each line must start with a space (context), \`-\` (remove), \`+\` (add) or \`@@\`, found ${quoteLine(line)}.`,
        );
      }
    }
  }
  finish();
  if (hunks.length === 0 && moveTo === undefined) throw malformedPatch(at + 1, `the update of ${path} has no changes.`);
  changes.push({ type: "update", path, hunks, ...(moveTo === undefined ? {} : { moveTo }) });
  return index;
}
