import { z } from "zod";
import { commandGraderSpec } from "./graders/command.ts";
import { factRecallGraderSpec } from "./graders/fact-recall.ts";
import { judgeGraderSpec } from "./graders/judge.ts";
import { kernelGraderSpec } from "./graders/kernel.ts";
import { lintGraderSpec } from "./graders/lint.ts";
import { budgetGraderSpec } from "./graders/budget.ts";
import { fileF1GraderSpec } from "./graders/file-f1.ts";
import { testsGraderSpec } from "./graders/tests.ts";
import { validationGraderSpec } from "./graders/validation.ts";

/** One member of an environment's `graders`; a file each in graders/. */
export const graderSpec = z.discriminatedUnion("type", [
  testsGraderSpec,
  judgeGraderSpec,
  lintGraderSpec,
  factRecallGraderSpec,
  commandGraderSpec,
  kernelGraderSpec,
  fileF1GraderSpec,
  validationGraderSpec,
  budgetGraderSpec,
]);

export type GraderSpec = z.infer<typeof graderSpec>;
