import type { IdSource } from "../core/ids.ts";
import type { GraderSpec } from "../model/grader.ts";
import type { Grader } from "./grader.ts";
import { createTestsGrader } from "./tests/tests-grader.ts";

/** Every kind of grader that an environment may name. */
export type Graders = { readonly [Type in GraderSpec["type"]]: Grader<Extract<GraderSpec, { type: Type }>> };

export const createGraders = (ids: IdSource): Graders => ({ tests: createTestsGrader(ids) });
