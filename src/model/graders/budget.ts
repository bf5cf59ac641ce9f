import { z } from "zod";
import { partName } from "./part-name.ts";

/** Free of charge up to `free`; worth nothing from `limit` on; in between by the straight line. */
const allowance = z
  .strictObject({ free: z.number().min(0), limit: z.number().positive() })
  .refine(({ free, limit }) => free < limit, { error: "free must be below limit" });

export const budgetGraderSpec = z
  .strictObject({
    type: z.literal("budget"),
    name: partName.default("budget"),
    /** Tool calls, refused ones too. */
    calls: allowance.optional(),
    /** Bytes of UTF-8 of what the tools gave the policy to read. */
    output_bytes: allowance.optional(),
    /** The same in tokens, estimated as a quarter of the bytes: the policy's tokenizer is not known here. */
    output_tokens: allowance.optional(),
    /** Seconds from the first call's start to the last call's end: the policy's own thinking between them counts. */
    wall_seconds: allowance.optional(),
  })
  .refine((spec) => budgetDimensions.some((dimension) => spec[dimension] !== undefined), {
    error: "must limit calls, output_bytes, output_tokens or wall_seconds",
  });
export type BudgetGraderSpec = z.infer<typeof budgetGraderSpec>;

export const budgetDimensions = ["calls", "output_bytes", "output_tokens", "wall_seconds"] as const;
