import { z } from "zod";
import { pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { columnsField, maxBytesField, nameField, quietMs, rowsField, waitField } from "./fields.ts";
import { reportTerminal } from "./terminal-report.ts";

/** Programs that a terminal's size and kind matter to are told both. */
const terminalKind = "xterm-256color";

export const terminalOpen = defineTool({
  name: "terminal_open",
  description: `Opens a terminal in the sandbox with a shell, or another program, that goes on between calls: for programs that ask questions, servers, debuggers, REPLs.
Changed directories, variables and background processes stay until the terminal is closed or its first program ends; then all that was started in it is killed. At most 16 are open at a time; the last 512 KiB of output of each are kept.
Comes back: what the program wrote first, then a line with the program that has the terminal, its directory, and the offset to read on from.`,
  effect: "write",
  arguments: z.strictObject({
    name: nameField,
    command: z
      .string()
      .min(1)
      .max(131_071)
      .refine((command) => !command.includes("\0"), { error: "must not contain a NUL character" })
      .optional()
      .describe("Run this command line in place of an interactive shell."),
    cwd: pathField("Directory to start in, relative to the workspace. Default: the workspace.").optional(),
    rows: rowsField,
    columns: columnsField,
    wait_ms: waitField(2_000),
    max_bytes: maxBytesField,
  }),
  async run({ guest, callId, env, signal }, args) {
    const { name, command, cwd, rows, columns } = args;
    const { sessions } = guest;
    const commandLine = command === undefined ? [] : ["-c", "--", command];
    await sessions.open(
      {
        name,
        callId,
        kind: "terminal",
        argv: ["bash", ...commandLine],
        otherwise: ["/bin/sh", ...commandLine],
        ...(cwd === undefined ? {} : { cwd }),
        env: { ...env, TERM: terminalKind },
        rows,
        columns,
      },
      { signal },
    );
    const wanted = { offset: 0, limit: args.max_bytes, waitMs: args.wait_ms, quietMs };
    const output = await sessions.output(name, wanted, { signal });
    return reportTerminal(await sessions.state(name, { signal }), output, 0);
  },
});
