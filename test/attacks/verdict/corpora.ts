import { budgetCorpus } from "./budget.ts";
import type { Corpus } from "./cheat.ts";
import { commandCorpus } from "./command.ts";
import { factRecallCorpus } from "./fact-recall.ts";
import { fileF1Corpus } from "./file-f1.ts";
import { judgeCorpus } from "./judge.ts";
import { kernelCorpus } from "./kernel.ts";
import { lintCorpus } from "./lint.ts";
import { testsCorpus } from "./tests.ts";
import { validationCorpus } from "./validation.ts";

/** Every grader's cheats; a grader is one file here. */
export const corpora = (): Promise<readonly Corpus[]> =>
  Promise.all([
    testsCorpus(),
    kernelCorpus(),
    commandCorpus(),
    lintCorpus(),
    fileF1Corpus(),
    factRecallCorpus(),
    judgeCorpus(),
    validationCorpus(),
    budgetCorpus(),
  ]);
