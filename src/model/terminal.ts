import { z } from "zod";
import { callId, execOutcome } from "./tool-call.ts";

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const side = z.number().int().min(1).max(1000);

export const terminalName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: "must be 1 to 64 letters, digits, dots, dashes and underscores" });

export const terminalSize = z.strictObject({ rows: side, columns: side });

export const openTerminalRequest = z.strictObject({
  name: terminalName,
  /** Opening again with the same id gives the terminal that is there. */
  open_id: callId,
  /** A command line in place of an interactive shell. */
  command: z
    .string()
    .min(1)
    .max(100_000)
    .refine((text) => !text.includes("\0"), { error: "must not contain a NUL character" })
    .optional(),
  rows: side.default(24),
  columns: side.default(80),
});
export type OpenTerminalInput = z.input<typeof openTerminalRequest>;
export type OpenTerminalRequest = z.output<typeof openTerminalRequest>;

export const terminal = z.strictObject({
  name: z.string(),
  state: z.enum(["running", "ended"]),
  /** How the first program ended; null while it runs. */
  outcome: execOutcome.nullable(),
  /** The program that has the terminal, and where it is; empty where that cannot be known. */
  foreground: z.string(),
  cwd: z.string(),
  rows: side,
  columns: side,
  /** Offset of the oldest byte of output that is kept. */
  first_byte: count,
  total_bytes: count,
});
export type TerminalReport = z.infer<typeof terminal>;

/** The longest wait for output, in seconds. */
export const longestTerminalWait = 30;

export const terminalOutput = z.strictObject({
  /** Offset of the first byte of `data`: beyond what was asked for where older bytes are not kept any more. */
  offset: count,
  /** Base64, of at most 64 KiB. */
  data: z.base64().max(90_000),
  total_bytes: count,
  /** Nothing comes after `total_bytes`. */
  ended: z.boolean(),
});
export type TerminalOutput = z.infer<typeof terminalOutput>;

export const terminalInput = z.strictObject({
  /** A name of whoever types; how much came of each is remembered, of the last 32. */
  writer: terminalName,
  /** Where `data` belongs in all that the writer types: what came before is not typed again. */
  offset: count,
  /** Base64, of at most 32 KiB. */
  data: z.base64().max(43_692),
});
export type TerminalInput = z.infer<typeof terminalInput>;

/** Bytes of the writer that have been typed: fewer than were sent where the program does not read, or has ended. */
export const terminalTyped = z.strictObject({ accepted: count });
