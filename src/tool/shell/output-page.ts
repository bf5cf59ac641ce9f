import type { ToolOutputInput } from "../../model/tool-call.ts";

interface Page {
  readonly bytes: Buffer;
  readonly totalBytes: number;
  readonly spooledBytes: number;
}

/** A page of what a command wrote, with a line that says which bytes it is and where the next one starts. */
export function outputPage(page: Page, { stream, offset }: { stream: string; offset: number }): ToolOutputInput {
  const { bytes: given, totalBytes, spooledBytes } = page;
  const bytes = offset + given.length < totalBytes ? wholeCharacters(given) : given;
  const end = offset + bytes.length;
  const which = `bytes ${offset} to ${end} of ${totalBytes} of ${stream}`;
  const text = bytes.toString("utf8");
  const note =
    end >= totalBytes
      ? `${which}, the end`
      : end >= spooledBytes
        ? `${which}; only the first ${spooledBytes} bytes were kept`
        : `${which}; next page: offset ${end}`;
  return {
    output: `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}[${note}]\n`,
    data: { offset, end_offset: end, total_bytes: totalBytes, kept_bytes: spooledBytes },
    truncated: end < totalBytes,
  };
}

/** Leaves a character that the page cuts to the next page. Bytes that are no UTF-8 stay. */
function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length - 1); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
