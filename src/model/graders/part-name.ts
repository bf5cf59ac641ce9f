import { z } from "zod";

/** What a part of a verdict is called; unique among the graders of an environment, and a variable of its reward's formula. */
export const partName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, {
  error: "must be a lower-case letter and then lower-case letters, digits or '_', at most 64 of them",
});
