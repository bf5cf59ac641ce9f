import { z } from "zod";
import { defineTool } from "../tool.ts";
import { maxBytesField, nameField, offsetField, quietMs, waitField } from "./fields.ts";
import { reportTerminal } from "./terminal-report.ts";

export const terminalRead = defineTool({
  name: "terminal_read",
  description: `Reads what a terminal wrote, from a byte offset on, and waits for it where nothing is there yet.
Comes back: the output, until it pauses or wait_ms are over, then a line with the program that has the terminal, its directory or how it ended, and the offset to read on from. The last 512 KiB are kept.`,
  effect: "read",
  arguments: z.strictObject({
    name: nameField,
    offset: offsetField,
    wait_ms: waitField(5_000),
    max_bytes: maxBytesField,
  }),
  async run({ guest, signal }, { name, offset, wait_ms: waitMs, max_bytes: limit }) {
    const { sessions } = guest;
    const from = offset ?? (await sessions.state(name, { signal })).totalBytes;
    const output = await sessions.output(name, { offset: from, limit, waitMs, quietMs }, { signal });
    return reportTerminal(await sessions.state(name, { signal }), output, from);
  },
});
