import { z } from "zod";
import { partName } from "./part-name.ts";

/** Linters whose reports Berth reads. */
export const linterName = z.enum(["eslint", "oxlint", "ruff", "tsc", "go_vet"]);
export type LinterName = z.infer<typeof linterName>;

export const lintGraderSpec = z.strictObject({
  type: z.literal("lint"),
  name: partName.default("lint"),
  linter: linterName,
  /** How the linter is started, for `sh -c`, where it is not by its own name; Berth adds the arguments. */
  program: z.string().min(1).max(4096).optional(),
  /** What is linted: paths of the workspace, or for `go_vet` patterns of packages. `tsc` takes it from its configuration. */
  paths: z
    .array(z.string().regex(/^[^-]/, { error: "must not begin with a dash" }).max(1024))
    .min(1)
    .max(1000)
    .optional(),
  /** The text of the configuration; without one the linter finds the snapshot's, never the policy's. */
  config: z.string().max(262_144).optional(),
  /** A folder of hidden files, relative to the environment file; laid over the workspace only while grading. */
  files: z.string().min(1).max(4096).optional(),
  /** Globs of the paths of the change set that cross into the clean sandbox. */
  allow: z.array(z.string().min(1).max(1024)).max(1000).default(["**"]),
  /** What each new finding takes off a reward of 1. */
  penalty: z.number().gt(0).max(1).default(0.1),
});

export type LintGraderSpec = z.infer<typeof lintGraderSpec>;
