import { z } from "zod";
import { budgetNames, errorCodes, type ErrorCode } from "../core/errors.ts";

export const causedBy = z.enum(["policy", "task", "infra", "grader", "caller"]);

export const errorReport = z.strictObject({
  code: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]),
  cause: causedBy,
  message: z.string(),
  remedy: z.string(),
  retryable: z.boolean(),
  /** Of `budget_exhausted`: which budget it was. */
  budget: z.enum(budgetNames).optional(),
});

/** The body of every reply that is not a success. */
export const errorBody = z.strictObject({ error: errorReport, request_id: z.string() });
