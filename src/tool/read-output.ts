import { z } from "zod";
import { countField } from "./fields.ts";
import { callId } from "../model/tool-call.ts";
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
    const { bytes, totalBytes, spooledBytes } = await guest.output(id, stream, { offset, limit }, { signal });
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
