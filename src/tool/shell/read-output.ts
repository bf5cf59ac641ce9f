import { z } from "zod";
import { countField } from "../fields.ts";
import { callId } from "../../model/tool-call.ts";
import { withRemedy } from "../remedy.ts";
import { defineTool } from "../tool.ts";
import { outputPage } from "./output-page.ts";

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
    const page = await withRemedy(
      "invalid_arguments",
      "Give the call_id that the answer of a shell call named; run the command again if it was long ago.",
      guest.output(id, stream, { offset, limit }, { signal }),
    );
    return outputPage(page, { stream, offset });
  },
});
