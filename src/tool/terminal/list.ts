import { z } from "zod";
import { defineTool } from "../tool.ts";
import { dataOf, describeState } from "./terminal-report.ts";

export const terminalList = defineTool({
  name: "terminal_list",
  description: `Lists the terminals: those that are open, and those that ended lately, at most 32 in all.
Comes back: a line for each, with the program that has it and its directory, or how it ended.`,
  effect: "read",
  arguments: z.strictObject({}),
  async run({ guest, signal }) {
    const terminals = (await guest.sessions.list({ signal })).filter(({ kind }) => kind === "terminal");
    const lines = terminals.map((state) => `${describeState(state)}; ${state.totalBytes} bytes written\n`);
    return { output: lines.join("") || "[no terminals]\n", data: { terminals: terminals.map(dataOf) } };
  },
});
