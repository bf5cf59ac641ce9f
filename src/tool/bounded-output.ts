/** What a model gets to read of one call unless a caller says otherwise, in bytes of UTF-8. */
export const defaultOutputBytes = 256 * 1024;

/** Callers give up at 1,000,000 bytes, and some count the JSON around the text: its escapes must fit too. */
const mostJsonBytes = 960_000;

export interface BoundedOutput {
  readonly output: string;
  readonly truncated: boolean;
}

/**
 * Cuts a text in its middle, at characters, so that it has at most `maxBytes` of UTF-8 and, written as a JSON string,
 * less than 1 MB. What is cut is said in the text.
 */
export function boundOutput(text: string, maxBytes = defaultOutputBytes): BoundedOutput {
  const wellFormed = text.toWellFormed();
  const bytes = Buffer.from(wellFormed, "utf8");
  let room = maxBytes;
  let output = bytes.length <= room ? wellFormed : cutMiddle(bytes, room);
  for (let size = jsonBytes(output); size > mostJsonBytes; size = jsonBytes(output)) {
    // Escapes may be spread unevenly, so one step need not be enough; each one shrinks by a tenth or more.
    room = Math.floor(Math.min(room, bytes.length) * Math.min(0.9, mostJsonBytes / size));
    output = cutMiddle(bytes, room);
  }
  return { output, truncated: output !== wellFormed };
}

const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));

/** Three quarters from the beginning, one from the end, where tools put their notes. */
function cutMiddle(bytes: Buffer, room: number): string {
  const note = `\n[… cut here: the answer has ${bytes.length} bytes, too many to give; ask for less at a time …]\n`;
  const left = Math.max(0, room - Buffer.byteLength(note));
  let headEnd = Math.floor(left * 0.75);
  let tailStart = bytes.length - (left - headEnd);
  while (headEnd > 0 && isContinuation(bytes[headEnd])) headEnd -= 1;
  while (tailStart < bytes.length && isContinuation(bytes[tailStart])) tailStart += 1;
  return bytes.toString("utf8", 0, headEnd) + note + bytes.toString("utf8", tailStart);
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
