import { z } from "zod";
import { withRemedy } from "../../remedy.ts";
import { defineTool } from "../../tool.ts";
import { describeState, stateData } from "./describe-state.ts";
import { nameField } from "./name-field.ts";

export const backgroundStop = defineTool({
  name: "background_stop",
  description: `Ends a command that runs in the background, with all that it started, and waits until nothing of it runs.
Processes are killed, not asked. One that has ended already stays as it is, and how it ended is told.`,
  effect: "write",
  arguments: z.strictObject({ name: nameField("The name that it was started under.") }),
  async run({ guest, signal }, { name }) {
    const remedy = "background_status lists the names.";
    const command = await withRemedy("invalid_arguments", remedy, guest.stopBackground(name, { signal }));
    return { output: `${describeState(command)}\n`, data: stateData(command) };
  },
});
