import { BerthError } from "../../../core/errors.ts";

/** @param line of the patch, from 1 */
export const malformedPatch = (line: number, what: string): BerthError =>
  new BerthError("invalid_patch", `Line ${line} of the patch: ${what}`, {
    remedy: "Nothing was changed. Correct the patch and send it again.",
  });
