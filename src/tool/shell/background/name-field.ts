import { z } from "zod";

/** The names that the guest takes. */
export const nameField = (description: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: "must be 1 to 64 letters, digits, '.', '_' or '-'" })
    .describe(description);
