import { dirname, resolve } from "node:path";
import { z } from "zod";
import { graderSpec, type GraderSpec } from "../model/grader.ts";
import { rewardRule, type RewardRule } from "../model/graders/reward.ts";
import { readYamlFile } from "./yaml-file.ts";

export interface GradersFile {
  readonly graders: GraderSpec[];
  readonly reward?: RewardRule | undefined;
  /** Where their relative paths start. */
  readonly baseDir: string;
}

/** Of an environment file the other fields are passed over. */
const content = z.union([
  z
    .array(graderSpec)
    .min(1)
    .transform((graders) => ({ graders, reward: undefined })),
  z.object({ graders: z.array(graderSpec).min(1), reward: rewardRule.optional() }),
]);

/** A list of graders, or a file that has one under `graders`. @throws BerthError `invalid_environment` naming the file and the fields */
export function readGradersFile(path: string): GradersFile {
  return { ...readYamlFile(path, content), baseDir: dirname(resolve(path)) };
}
