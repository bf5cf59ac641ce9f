import { z } from "zod";
import { defineTool } from "../../tool.ts";
import { describeState, stateData } from "./describe-state.ts";

export const backgroundStatus = defineTool({
  name: "background_status",
  description: `Lists the commands that were started in the background: which run and for how long, how the others ended, and how many bytes each has written.
Of commands that ended the last of each name is remembered, of 32 names at most.`,
  effect: "read",
  arguments: z.strictObject({}),
  async run({ guest, signal }) {
    const commands = await guest.backgrounds({ signal });
    const lines = commands.map(describeState);
    if (lines.length === 0) lines.push("[nothing was started in the background]");
    return { output: lines.join("\n") + "\n", data: { commands: commands.map(stateData) } };
  },
});
