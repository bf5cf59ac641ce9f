import { z } from "zod";
import { countField } from "./fields.ts";
import { callId } from "../model/tool-call.ts";
import { withRemedy } from "./remedy.ts";
import { defineTool } from "./tool.ts";

export const readOutput = defineTool({
  name: "read_output",
  description: `Reads a page of what an earlier shell call wrote, when its answer left bytes out.
Comes back: the bytes as text, then a line that says which bytes they are, of how many, and where the next page starts. Of each stream at most 64 MiB are kept, and of the oldest calls nothing.`,
  effect: "read",
  arguments: z.strictObject({
    call_id: callId.describe("The call id of the shell call, as its answer gives it."),
    stream: z.enum(["stdout", "stderr"]).default("stdout").describe("Which stream to read."),
    offset: countField(0, Number.MAX_SAFE_INTEGER, 0, "First byte, from 0."),
    limit: countField(1, 131_072, 65_536, "Most bytes to read."),
  }),
  async run({ guest, signal }, { call_id: id, stream, offset, limit }) {
    const {
      bytes: given,
      totalBytes,
      spooledBytes,
    } = await withRemedy(
      "invalid_arguments",
      "Give the call_id that the answer of a shell call named; run the command again if it was long ago.",
      guest.output(id, stream, { offset, limit }, { signal }),
    );
    const bytes = offset + given.length < totalBytes ? wholeCharacters(given) : given;
    const end = offset + bytes.length;
    const page = `bytes ${offset} to ${end} of ${totalBytes} of ${stream}`;
    const text = bytes.toString("utf8");
    const note =
      end >= totalBytes
        ? `${page}, the end`
        : end >= spooledBytes
          ? `${page}; only the first ${spooledBytes} bytes were kept`
          : `${page}; next page: offset ${end}`;
    return {
      output: `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}[${note}]\n`,
      data: { offset, end_offset: end, total_bytes: totalBytes, kept_bytes: spooledBytes },
      truncated: end < totalBytes,
    };
  },
});

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
