import { z } from "zod";
import { partName } from "./part-name.ts";

const testId = z.string().min(1).max(2048);

/** Test runners whose reports Berth reads. */
export const testFramework = z.enum(["pytest", "vitest", "jest", "node", "tap", "go"]);

export const testsGraderSpec = z.strictObject({
  type: z.literal("tests"),
  name: partName.default("tests"),
  /** Run by `sh -c` in the clean sandbox. The framework's report flags replace `{report}`, or go where docs/grading.md says. */
  command: z.string().min(1).max(65_536),
  /** Found from the command when it is left out. */
  framework: testFramework.optional(),
  /** A folder of hidden files, relative to the environment file; laid over the workspace only while grading. */
  files: z.string().min(1).max(4096).optional(),
  /** Must fail on the base and pass on a correct solution. Every one must be reported as passed. */
  fail_to_pass: z.array(testId).max(50_000).default([]),
  /** Pass on the base and must still pass. */
  pass_to_pass: z.array(testId).max(50_000).default([]),
  /** Globs of the paths of the change set that cross into the clean sandbox. */
  allow: z.array(z.string().min(1).max(1024)).max(1000).default(["**"]),
  /** Whether tests of ours with known results are mixed in. Off only for a suite that cannot take them: docs/grading.md. */
  canaries: z.boolean().default(true),
});

export type TestFramework = z.infer<typeof testFramework>;
export type TestsGraderSpec = z.infer<typeof testsGraderSpec>;
