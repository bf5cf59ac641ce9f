import { z } from "zod";
import { partName } from "./part-name.ts";

export const fileF1GraderSpec = z.strictObject({
  type: z.literal("file_f1"),
  name: partName.default("file_f1"),
  /** The files that the real change touches, relative to the workspace. They stay in the controller. */
  files: z.array(z.string().min(1).max(4096)).min(1).max(10_000),
  /** What of the comparison is the reward. `recall` alone punishes no answer that names too much. */
  measure: z.enum(["f1", "precision", "recall"]).default("f1"),
});
export type FileF1GraderSpec = z.infer<typeof fileF1GraderSpec>;
