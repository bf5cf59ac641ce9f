import { z } from "zod";
import { countField } from "../fields.ts";

/** Of an element, as a snapshot names it; those in frames begin with the frame's number. */
export const refField = (description: string) =>
  z
    .string()
    .regex(/^(f\d{1,6})?e\d{1,9}$/, { error: "must be a ref as browser_snapshot gives it, for example e12" })
    .describe(description);

export const tabField = z
  .number()
  .int()
  .min(1)
  .max(1_000_000)
  .optional()
  .describe("The tab's number. Default: the current one.");

export const timeoutField = countField(
  1,
  120_000,
  30_000,
  "Milliseconds that it may take, waiting for the page included.",
);
