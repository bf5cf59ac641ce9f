import { z } from "zod";
import { defineTool } from "../tool.ts";

export const note = defineTool({
  name: "note",
  description: `Keeps a note in the record of this rollout: a plan, an assumption, what was tried. It changes nothing in the sandbox, and nothing but the record has it.
Use it for what a reader of the record should know; write files for what you want to read again.`,
  effect: "read",
  arguments: z.strictObject({
    text: z.string().min(1).max(20_000).describe("The note, as plain text."),
  }),
  async run() {
    return { output: "noted\n" };
  },
});
