import { z } from "zod";
import { BerthError } from "../../../core/errors.ts";
import { countField } from "../../fields.ts";
import { defineTool } from "../../tool.ts";
import { outputPage } from "../output-page.ts";
import { describeState } from "./describe-state.ts";
import { nameField } from "./name-field.ts";

export const backgroundOutput = defineTool({
  name: "background_output",
  description: `Reads what a command in the background has written so far, also after it has ended.
Comes back: the bytes as text, then a line that says which bytes they are, of how many so far, and where to go on reading, then a line that says whether the command still runs. Of each stream at most 64 MiB are kept. It does not wait for more to be written.`,
  effect: "read",
  arguments: z.strictObject({
    name: nameField("The name that it was started under."),
    stream: z.enum(["stdout", "stderr"]).default("stdout").describe("Which stream to read."),
    offset: countField(0, Number.MAX_SAFE_INTEGER, 0, "First byte, from 0: go on where the last answer ended."),
    limit: countField(1, 131_072, 65_536, "Most bytes to read."),
  }),
  async run({ guest, signal }, { name, stream, offset, limit }) {
    const command = (await guest.backgrounds({ signal })).find((candidate) => candidate.name === name);
    if (!command) {
      throw new BerthError("invalid_arguments", `Nothing was started in the background as ${name}.`, {
        remedy: "background_status lists the names.",
      });
    }
    const page = outputPage(await guest.output(command.callId, stream, { offset, limit }, { signal }), {
      stream,
      offset,
    });
    return {
      ...page,
      output: `${page.output}[${describeState(command)}]\n`,
      data: { ...page.data, name, state: command.state },
    };
  },
});
