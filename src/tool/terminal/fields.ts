import { z } from "zod";
import { countField } from "../fields.ts";

/** Reserved for sessions that are no terminals of the policy. */
const ownNames = /^berth\./;

export const nameField = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: "must be 1 to 64 letters, digits, dots, dashes and underscores" })
  .refine((name) => !ownNames.test(name), { error: "must not begin with berth." })
  .describe("The terminal's name.");

export const offsetField = z
  .number()
  .int()
  .min(0)
  .optional()
  .describe("First byte to give, from 0, as an earlier answer named it. Default: what comes from now on.");

export const waitField = (initial: number) =>
  countField(0, 30_000, initial, "Milliseconds to wait for output; less where it comes and then pauses.");

export const maxBytesField = countField(1, 131_072, 16_384, "Most bytes of output to give.");

export const rowsField = countField(1, 1000, 24, "Lines of the screen.");
export const columnsField = countField(1, 1000, 80, "Characters in a line.");

/** Nothing for so long means that a program waits for input, or thinks. */
export const quietMs = 250;
