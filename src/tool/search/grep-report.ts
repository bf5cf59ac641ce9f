import type { GrepMatch } from "../../guest/guest.ts";

interface Line {
  readonly number: number;
  readonly text: string;
  readonly isMatch: boolean;
}

/** `path:line:text` for matches, `path-line-text` for context, `--` between places that do not touch. */
export function grepLines(matches: readonly GrepMatch[]): string[] {
  const output: string[] = [];
  const withContext = matches.some((match) => match.before.length + match.after.length > 0);
  for (const [path, ofFile] of Map.groupBy(matches, (match) => match.path)) {
    let previous: number | undefined;
    for (const { number, text, isMatch } of mergedLines(ofFile)) {
      if (withContext && output.length > 0 && (previous === undefined || number > previous + 1)) output.push("--");
      const mark = isMatch ? ":" : "-";
      output.push(`${path}${mark}${number}${mark}${text.replace(/\r$/, "")}`);
      previous = number;
    }
  }
  return output;
}

/** Each line of a file once, in order; a line that is both a match and a neighbour's context is a match. */
function mergedLines(matches: readonly GrepMatch[]): Line[] {
  const lines = new Map<number, Line>();
  const context = (number: number, text: string) => {
    if (!lines.has(number)) lines.set(number, { number, text, isMatch: false });
  };
  for (const { line, text, before, after } of matches) {
    for (const [index, neighbour] of before.entries()) context(line - before.length + index, neighbour);
    lines.set(line, { number: line, text, isMatch: true });
    for (const [index, neighbour] of after.entries()) context(line + 1 + index, neighbour);
  }
  return [...lines.values()].toSorted((a, b) => a.number - b.number);
}
