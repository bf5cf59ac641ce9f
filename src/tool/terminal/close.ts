import { z } from "zod";
import { defineTool } from "../tool.ts";
import { nameField } from "./fields.ts";
import { dataOf, describeState } from "./terminal-report.ts";

export const terminalClose = defineTool({
  name: "terminal_close",
  description: `Closes a terminal: all that was started in it is killed. What it wrote can still be read until another is opened by its name.
Comes back: how it ended.`,
  effect: "write",
  arguments: z.strictObject({ name: nameField }),
  async run({ guest, signal }, { name }) {
    const state = await guest.sessions.close(name, { signal });
    return { output: `[${describeState(state)}]\n`, data: dataOf(state) };
  },
});
