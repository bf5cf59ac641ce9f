import { quoteLine } from "../wording.ts";

/** The share of a line that must agree before it is called similar. */
const similarEnough = 0.6;

/** Of lines equal to the first one sought, so many are followed further to find the best. */
const mostEquals = 20;

/**
 * A sentence on the text nearest to one that does not occur in a file, with a space before it; empty when there is none.
 * Compares one line only, the first of the text that is not blank, in time linear in the file.
 */
export function nearestText(bytes: Buffer, sought: string): string {
  const soughtLines = sought.split("\n");
  const skipped = soughtLines.findIndex((line) => line.trim() !== "");
  if (skipped < 0) return " It is white space only.";
  const wanted = (soughtLines[skipped] ?? "").trim();
  const lines = bytes.toString("utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  let best = { score: 0, index: -1 };
  let equals = 0;
  for (const [index, line] of lines.entries()) {
    let score = similarity(line.trim(), wanted);
    if (score === 1) score += agreeingLines(lines, index, soughtLines, skipped);
    if (score > best.score) best = { score, index };
    if (score >= 1 && (equals += 1) === mostEquals) break;
  }
  const found = lines[best.index];
  if (found === undefined || best.score < similarEnough) return "";
  if (best.score < 1) return ` The most similar line is line ${best.index + 1}: ${quoteLine(found)}.`;
  return ` Line ${best.index + 1} is ${quoteLine(found)}${divergence(lines, best.index, soughtLines, skipped)}`;
}

function agreeingLines(lines: readonly string[], at: number, sought: readonly string[], skipped: number): number {
  let count = 0;
  while (skipped + count < sought.length && lines[at + count]?.trim() === sought[skipped + count]?.trim()) count += 1;
  return count;
}

/** Where the text and the file part, seen from a line on which they agree but for white space around it. */
function divergence(lines: readonly string[], at: number, sought: readonly string[], skipped: number): string {
  for (let index = skipped; index < sought.length; index += 1) {
    const actual = lines[at + index - skipped];
    const wanted = sought[index] ?? "";
    if (actual === undefined) return `, but the file ends at line ${lines.length}, before the text does.`;
    const isLast = index === sought.length - 1;
    const agrees = isLast ? actual.startsWith(wanted) : index === 0 ? actual.endsWith(wanted) : actual === wanted;
    if (agrees) continue;
    const line = at + index - skipped + 1;
    const kind = actual.trim() === wanted.trim() ? "white space differs" : "the text differs";
    return index === skipped
      ? `; ${kind} from ${quoteLine(wanted)} in old_string.`
      : `, but at line ${line} ${kind}: the file has ${quoteLine(actual)}, old_string has ${quoteLine(wanted)}.`;
  }
  return ".";
}

/** What two lines have in common at beginning and end together, as a share of the longer one; 1 only when they are equal. */
function similarity(a: string, b: string): number {
  if (a === b) return 1;
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return (head + tail) / Math.max(a.length, b.length, 1) - Number.EPSILON;
}
