import type { LinterName } from "../../model/graders/lint.ts";
import { eslint } from "./eslint.ts";
import { goVet } from "./go-vet.ts";
import type { Linter } from "./linter.ts";
import { oxlint } from "./oxlint.ts";
import { ruff } from "./ruff.ts";
import { tsc } from "./tsc.ts";

export const linters: Readonly<Record<LinterName, Linter>> = { eslint, oxlint, ruff, tsc, go_vet: goVet };
