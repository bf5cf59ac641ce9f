import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { defineTool } from "../tool.ts";
import { maxBytesField, nameField, quietMs, waitField } from "./fields.ts";
import { namedKeys, keys } from "./keys.ts";
import { reportTerminal } from "./terminal-report.ts";
import { writerOf } from "./writer.ts";

const maxTextBytes = 65_536;
/** For a program to read what is typed. */
const typingMs = 5_000;

export const terminalSend = defineTool({
  name: "terminal_send",
  description: `Types into a terminal, then gives what comes of it.
The text is typed as it is: end a command with a line end (\\n). Keys are pressed after the text: interrupt is Ctrl-C, end_of_file is Ctrl-D.
Comes back: the output since the text was typed (the terminal echoes it), until it pauses or wait_ms are over, then a line with the program that has the terminal and the offset to read on from.`,
  effect: "write",
  arguments: z.strictObject({
    name: nameField,
    text: z
      .string()
      .refine((text) => Buffer.byteLength(text) <= maxTextBytes, { error: `must be at most ${maxTextBytes} bytes` })
      .default("")
      .describe("What to type."),
    keys: z.array(z.enum(namedKeys)).max(100).default([]).describe("Keys to press after the text, by name."),
    wait_ms: waitField(5_000),
    max_bytes: maxBytesField,
  }),
  async run({ guest, callId, signal }, args) {
    const { sessions } = guest;
    const before = await sessions.state(args.name, { signal });
    const typed = Buffer.concat([Buffer.from(args.text), ...args.keys.map((key) => Buffer.from(keys[key]))]);
    if (typed.length > maxTextBytes) {
      throw new BerthError(
        "invalid_arguments",
        `Text and keys are ${typed.length} bytes; the most is ${maxTextBytes}.`,
      );
    }
    // By its call the guest knows what it has typed already; a call's id may be longer than a writer's name.
    const from = { writer: writerOf(callId), offset: 0, waitMs: typingMs };
    const accepted = await sessions.input(args.name, typed, from, { signal });
    const wanted = { offset: before.totalBytes, limit: args.max_bytes, waitMs: args.wait_ms, quietMs };
    const output = await sessions.output(args.name, wanted, { signal });
    const report = reportTerminal(await sessions.state(args.name, { signal }), output, before.totalBytes);
    if (accepted === typed.length) return report;
    return {
      ...report,
      output: `${report.output}[only ${accepted} of ${typed.length} bytes were typed: the program does not read them]\n`,
      data: { ...report.data, typed_bytes: accepted },
    };
  },
});
