const newline = 10;
const tab = 9;

/** Of sorted lines those that begin with a text, found by halving. */
export function* linesBeginning(lines: Buffer, text: string): Generator<string> {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const start = lineStart(lines, (low + high) >>> 1);
    const end = lineEnd(lines, start);
    if (lines.toString("utf8", start, end) < text) low = Math.min(high, end + 1);
    else high = start;
  }
  for (let at = low; at < lines.length; at = lineEnd(lines, at) + 1) {
    const line = lines.toString("utf8", at, lineEnd(lines, at));
    if (!line.startsWith(text)) return;
    yield line;
  }
}

/** Of lines with fields, with tabs between them, those whose first field holds a text. */
export function* linesHolding(lines: Buffer, text: string): Generator<string> {
  const wanted = Buffer.from(text);
  for (let at = lines.indexOf(wanted); at >= 0;) {
    const [start, end] = [lineStart(lines, at), lineEnd(lines, at)];
    if (lines.indexOf(tab, start) >= at + wanted.length) yield lines.toString("utf8", start, end);
    at = lines.indexOf(wanted, end + 1);
  }
}

/** Where the line begins that a byte is in. */
function lineStart(lines: Buffer, at: number): number {
  return at === 0 ? 0 : lines.lastIndexOf(newline, at - 1) + 1;
}

function lineEnd(lines: Buffer, from: number): number {
  const end = lines.indexOf(newline, from);
  return end < 0 ? lines.length : end;
}
