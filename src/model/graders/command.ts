import { z } from "zod";
import { partName } from "./part-name.ts";

const shellText = z.string().min(1).max(65_536);

export const commandGraderSpec = z.strictObject({
  type: z.literal("command"),
  name: partName.default("command"),
  /**
   * Run by `sh -c` in the clean sandbox. It says `reward NUMBER` once, in that very shell; the number may also be a JSON
   * object with a number called `reward`.
   */
  command: shellText,
  /** Run before the hidden files are laid over the workspace; everything that it started is ended before `command` runs. */
  before: shellText.optional(),
  /** A folder of hidden files, relative to the environment file; laid over the workspace only while grading. */
  files: z.string().min(1).max(4096).optional(),
  /** Globs of the paths of the change set that cross into the clean sandbox. */
  allow: z.array(z.string().min(1).max(1024)).max(1000).default(["**"]),
  /** The lowest and the highest reward; a number beyond them is cut to them. */
  range: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, { error: "must be a lower and a higher number" })
    .default([0, 1]),
});

export type CommandGraderSpec = z.infer<typeof commandGraderSpec>;
