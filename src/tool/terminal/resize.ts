import { z } from "zod";
import { defineTool } from "../tool.ts";
import { columnsField, nameField, rowsField } from "./fields.ts";

export const terminalResize = defineTool({
  name: "terminal_resize",
  description: `Changes the size of a terminal, and tells the program in it.
Comes back: the size.`,
  effect: "write",
  arguments: z.strictObject({ name: nameField, rows: rowsField, columns: columnsField }),
  async run({ guest, signal }, { name, rows, columns }) {
    await guest.sessions.resize(name, { rows, columns }, { signal });
    return { output: `[${name} has ${rows} lines of ${columns} characters]\n`, data: { name, rows, columns } };
  },
});
