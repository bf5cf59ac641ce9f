/** A run of lines of a file, from 1, both ends included. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
}

const leastLines = 8;
const mostLines = 60;

const beginsDefinition =
  /^\s*(?:export|default|declare|public|private|protected|internal|static|abstract|final|async|unsafe|extern|inline|pub(?:\([^)]*\))?|def|class|function|func|fn|impl|trait|interface|struct|enum|union|type|module|mod|namespace|template|@\w|#\[|#{1,6} |"""|\/\*\*)(?:\s|$|[^\s=])/;

/**
 * Cuts a file into pieces that belong together: at most 60 lines, cut where a definition begins or, failing that, where little is
 * indented or a line is empty. The same text is always cut the same way.
 */
export function chunksOf(lines: readonly string[]): Chunk[] {
  const chunks: Chunk[] = [];
  let from = 0;
  while (from < lines.length) {
    const to = lines.length - from <= mostLines ? lines.length : bestCut(lines, from);
    chunks.push({ start: from + 1, end: to });
    from = to;
  }
  return chunks;
}

/** The index of the line before which to cut. */
function bestCut(lines: readonly string[], from: number): number {
  let best = from + mostLines;
  let bestScore = -1;
  for (let at = from + leastLines; at <= from + mostLines; at += 1) {
    const score = cutScore(lines[at - 1] ?? "", lines[at] ?? "") + (at - from) / (2 * mostLines);
    if (score > bestScore) [best, bestScore] = [at, score];
  }
  return best;
}

function cutScore(before: string, after: string): number {
  if (after.trim() === "") return 0;
  const indentation = after.length - after.trimStart().length;
  const shallow = indentation === 0 ? 3 : indentation <= 4 ? 1 : 0;
  return shallow + (before.trim() === "" ? 2 : 0) + (beginsDefinition.test(after) ? 2 : 0);
}

/** Lines without their ends, as editors count them. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
