import { BerthError } from "../../../core/errors.ts";
import { fromByteText } from "../byte-text.ts";
import { quoteLine } from "../../wording.ts";
import type { FileText } from "./file-text.ts";
import type { Miss, Sought } from "./hunk-finder.ts";
import type { Hunk } from "./patch.ts";

const mostLines = 12;
const mostCharacters = 300;

interface Missed {
  readonly path: string;
  /** `hunk 2 of 3`. */
  readonly name: string;
  readonly hunk: Hunk;
}

/** Says which lines were expected, and the nearest thing to them that the file has. */
export function explainMiss(
  missed: (Missed & { anchor: string }) | (Missed & { file: FileText; sought: Sought; miss: Miss }),
): BerthError {
  const { path, name, hunk } = missed;
  const where = `${path}, ${name} (line ${hunk.patchLine} of the patch)`;
  if ("anchor" in missed) {
    return failure(
      `${where}: the file has no line ${quoted(missed.anchor)}, which the hunk's \`@@\` names. An anchor must be a whole line of the file.`,
    );
  }
  const { file, sought, miss } = missed;
  const expected = sought.oldLines.slice(0, mostLines).map((line) => clip(fromByteText(line)));
  const more =
    sought.oldLines.length > expected.length ? `\n(and ${sought.oldLines.length - expected.length} more)` : "";
  return failure(`${where}: ${reason(file, sought, miss)} Expected:\n${expected.join("\n")}${more}`);
}

function reason(file: FileText, { oldLines, from, atEnd }: Sought, miss: Miss): string {
  const { partial } = miss;
  if (partial.length === oldLines.length) {
    return atEnd
      ? `its lines stand at line ${partial.at + 1}, but not at the end of the file as the hunk says.`
      : `its lines differ from those of the file.`;
  }
  if (miss.earlierAt !== undefined) {
    return `its lines stand at line ${miss.earlierAt + 1}, before the end of the hunk above it or before its \`@@\` line; hunks must follow the order of the file.`;
  }
  if (miss.indentedOtherwiseAt !== undefined) {
    return `its lines stand at line ${miss.indentedOtherwiseAt + 1}, but indented otherwise: the file has ${quoted(file.lines[miss.indentedOtherwiseAt] ?? "")} there.`;
  }
  if (partial.length > 0) {
    const at = partial.at + partial.length;
    const actual = at < file.lines.length ? `has ${quoted(file.lines[at] ?? "")}` : "ends";
    return `its first ${partial.length} of ${oldLines.length} old lines stand at line ${partial.at + 1}, but then it has ${quoted(oldLines[partial.length] ?? "")} where line ${at + 1} of the file ${actual}.`;
  }
  return `its first line, ${quoted(oldLines[0] ?? "")}, is nowhere in the file${from > 0 ? ` after line ${from}` : ""}.`;
}

const clip = (line: string): string =>
  line.length > mostCharacters ? `${line.slice(0, mostCharacters).toWellFormed()}…` : line;

const quoted = (line: string): string => quoteLine(fromByteText(line));

const failure = (message: string): BerthError => new BerthError("invalid_patch", message);
