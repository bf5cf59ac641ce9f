import { quoteLine } from "../../wording.ts";
import { parseDiffPath, parseGitHeader, stripPrefixes } from "./diff-path.ts";
import { HunkBuilder, parseHunkHeader } from "./hunk-builder.ts";
import { malformedPatch } from "./patch-error.ts";
import type { FileChange, Hunk } from "./patch.ts";

/** What stands before the hunks of one file. */
interface FileHeader {
  /** Of the `diff --git` line. */
  gitName: string | undefined;
  /** Of the `---` and `+++` lines; null is `/dev/null`. */
  old: string | null | undefined;
  new: string | null | undefined;
  renameFrom: string | undefined;
  renameTo: string | undefined;
  executable: boolean | undefined;
  created: boolean;
  deleted: boolean;
}

const emptyHeader: FileHeader = {
  gitName: undefined,
  old: undefined,
  new: undefined,
  renameFrom: undefined,
  renameTo: undefined,
  executable: undefined,
  created: false,
  deleted: false,
};

/**
 * Reads unified diffs, of git or plain. Wrong line counts in hunk headers, a habit of models, are tolerated. Text between
 * the diffs is skipped.
 * @throws BerthError `invalid_patch` naming the line
 */
export function parseUnified(lines: readonly string[]): FileChange[] {
  const changes: FileChange[] = [];
  let index = 0;
  while (index < lines.length) {
    if (!isFileStart(lines, index)) {
      if (lines[index]?.startsWith("@@"))
        throw malformedPatch(index + 1, "a hunk without `---` and `+++` lines before it.");
      index += 1;
      continue;
    }
    const start = index;
    const header = parseFileHeader(lines, index);
    const body = parseHunks(lines, header.next);
    index = body.next;
    changes.push(toChange(header.header, body.hunks, start + 1));
  }
  return changes;
}

const isFileStart = (lines: readonly string[], index: number): boolean =>
  lines[index]?.startsWith("diff --git ") === true || isNamePair(lines, index);

const isNamePair = (lines: readonly string[], index: number): boolean =>
  lines[index]?.startsWith("--- ") === true && lines[index + 1]?.startsWith("+++ ") === true;

function parseFileHeader(lines: readonly string[], at: number): { header: FileHeader; next: number } {
  const header = { ...emptyHeader };
  let index = at;
  const first = lines[index] ?? "";
  if (first.startsWith("diff --git ")) {
    header.gitName = parseGitHeader(first.slice("diff --git ".length));
    for (
      index += 1;
      index < lines.length && !isFileStart(lines, index) && !lines[index]?.startsWith("@@");
      index += 1
    ) {
      readExtendedHeader(header, lines[index] ?? "", index + 1);
    }
  }
  if (isNamePair(lines, index)) {
    header.old = parseDiffPath((lines[index] ?? "").slice(4));
    header.new = parseDiffPath((lines[index + 1] ?? "").slice(4));
    index += 2;
  }
  return { header, next: index };
}

function readExtendedHeader(header: FileHeader, line: string, patchLine: number): void {
  const value = (prefix: string): string | undefined =>
    line.startsWith(prefix) ? line.slice(prefix.length).trim() : undefined;
  const name = (prefix: string): string | undefined => {
    const text = value(prefix);
    return text === undefined ? undefined : (parseDiffPath(text) ?? undefined);
  };
  header.renameFrom ??= name("rename from ");
  header.renameTo ??= name("rename to ");
  const mode = value("new file mode ") ?? value("new mode ");
  if (mode === "120000" || mode === "160000")
    throw malformedPatch(patchLine, "links and submodules cannot be patched.");
  if (mode !== undefined) header.executable = mode.endsWith("755");
  if (line.startsWith("new file mode ")) header.created = true;
  if (line.startsWith("deleted file mode ")) header.deleted = true;
  if (line.startsWith("copy from ") || line.startsWith("GIT binary patch") || line.startsWith("Binary files ")) {
    throw malformedPatch(patchLine, `copies and binary changes are not supported: ${quoteLine(line)}.`);
  }
}

function parseHunks(lines: readonly string[], at: number): { hunks: Hunk[]; next: number } {
  const hunks: Hunk[] = [];
  let index = at;
  while (lines[index]?.startsWith("@@")) {
    const parsed = parseCountedHunk(lines, index) ?? parseUncountedHunk(lines, index);
    hunks.push(parsed.hunk);
    index = parsed.next;
  }
  return { hunks, next: index };
}

interface ParsedHunk {
  readonly hunk: Hunk;
  readonly next: number;
}

/** As far as the header's counts say; undefined when the text does not bear them out. */
function parseCountedHunk(lines: readonly string[], at: number): ParsedHunk | undefined {
  const header = parseHunkHeader(lines[at] ?? "");
  if (!header.counts) return undefined;
  const builder = new HunkBuilder(at + 1);
  builder.header(header);
  let { old, new: fresh } = header.counts;
  let index = at + 1;
  while (old > 0 || fresh > 0) {
    const line = lines[index];
    if (line === undefined || (line === "" && index === lines.length - 1) || !builder.line(line)) return undefined;
    if (!line.startsWith("+") && !line.startsWith("\\")) old -= 1;
    if (!line.startsWith("-") && !line.startsWith("\\")) fresh -= 1;
    if (old < 0 || fresh < 0) return undefined;
    index += 1;
  }
  if (lines[index]?.startsWith("\\")) builder.line(lines[index++] ?? "");
  const after = lines[index] ?? "";
  const goesOn = /^[ +-]/.test(after) && !isNamePair(lines, index) && after.trimEnd() !== "--";
  return goesOn ? undefined : { hunk: builder.build(true), next: index };
}

/** Up to the next header. */
function parseUncountedHunk(lines: readonly string[], at: number): ParsedHunk {
  const builder = new HunkBuilder(at + 1);
  builder.header(parseHunkHeader(lines[at] ?? ""));
  let index = at + 1;
  for (; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (
      line.startsWith("@@") ||
      isFileStart(lines, index) ||
      line.startsWith("Index: ") ||
      line === "-- " ||
      line.startsWith("```")
    )
      break;
    if (!builder.line(line)) {
      throw malformedPatch(
        index + 1,
        `each line of a hunk must start with a space (context), \`-\` (remove) or \`+\` (add), found ${quoteLine(line)}.`,
      );
    }
  }
  if (builder.isEmpty) throw malformedPatch(at + 1, "the hunk has no lines.");
  return { hunk: builder.build(false), next: index };
}

function toChange(header: FileHeader, hunks: readonly Hunk[], patchLine: number): FileChange {
  const named =
    header.old === undefined || header.new === undefined
      ? {
          old: header.created ? null : (header.renameFrom ?? header.gitName),
          new: header.deleted ? null : (header.renameTo ?? header.gitName),
        }
      : stripPrefixes(header.old, header.new);
  const old = header.renameFrom ?? named.old;
  const fresh = header.renameTo ?? named.new;
  const executable = header.executable === undefined ? {} : { executable: header.executable };
  if (old === undefined || fresh === undefined || old === "" || fresh === "" || (old === null && fresh === null)) {
    throw malformedPatch(patchLine, "the file's name cannot be told.");
  }
  if (old === null) return { ...addedFile(fresh ?? "", hunks, patchLine), ...executable };
  if (fresh === null) return { type: "delete", path: old, hunks };
  if (hunks.length === 0 && old === fresh && header.executable === undefined)
    throw malformedPatch(patchLine, `the diff of ${old} has no changes.`);
  return { type: "update", path: old, hunks, ...(old === fresh ? {} : { moveTo: fresh }), ...executable };
}

function addedFile(path: string, hunks: readonly Hunk[], patchLine: number): FileChange & { type: "add" } {
  const lines = hunks.flatMap((hunk) => hunk.lines);
  if (lines.some((line) => line.type !== "added"))
    throw malformedPatch(patchLine, `the new file ${path} must have \`+\` lines only.`);
  return {
    type: "add",
    path,
    lines: lines.map((line) => line.text),
    newlineAtEnd: !hunks.some((hunk) => hunk.noNewline.new),
  };
}
