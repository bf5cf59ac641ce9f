import type { IdSource } from "../core/ids.ts";
import type { GraderSpec } from "../model/grader.ts";
import type { Grader } from "./grader.ts";
import { createCommandGrader } from "./command/command-grader.ts";
import { createFactRecallGrader } from "./fact-recall/fact-recall-grader.ts";
import { createJudgeGrader } from "./judge/judge-grader.ts";
import type { JudgeModel } from "./judge/judge-model.ts";
import { createKernelGrader } from "./kernel/kernel-grader.ts";
import { createLintGrader } from "./lint/lint-grader.ts";
import { budgetGrader } from "./budget.ts";
import { fileF1Grader } from "./file-f1/file-f1-grader.ts";
import { createTestsGrader } from "./tests/tests-grader.ts";
import { validationGrader } from "./validation/validation-grader.ts";

/** Every kind of grader that an environment may name. */
export type Graders = { readonly [Type in GraderSpec["type"]]: Grader<Extract<GraderSpec, { type: Type }>> };

/** `judge` is left out where the controller was given none; graders that need one then refuse their declarations. */
export const createGraders = (ids: IdSource, judge?: JudgeModel): Graders => ({
  tests: createTestsGrader(ids),
  file_f1: fileF1Grader,
  validation: validationGrader,
  budget: budgetGrader,
  judge: createJudgeGrader(ids, judge),
  fact_recall: createFactRecallGrader(ids, judge),
  lint: createLintGrader(ids),
  command: createCommandGrader(ids),
  kernel: createKernelGrader(ids),
});
