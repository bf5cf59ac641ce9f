import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import type { Grader } from "../grader/grader.ts";
import type { Graders } from "../grader/registry.ts";
import { checkReward } from "../grader/reward/check.ts";
import { environment as environmentSchema, type Environment, type EnvironmentInput } from "../model/environment.ts";
import type { StoredEnvironment } from "../store/store.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";
import { originUrl } from "../snapshot/origin.ts";
import type { ToolRegistry } from "../tool/registry.ts";
import { toolsOf } from "../tool/tools-of.ts";
import { assertHiddenFolder } from "./hidden-files.ts";

/** @throws BerthError `invalid_environment` naming every field that is wrong */
export function parseEnvironment(input: EnvironmentInput): Environment {
  const parsed = environmentSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the environment"}: ${issue.message}`);
  throw new BerthError("invalid_environment", `The environment is not valid: ${problems.join("; ")}.`, {
    cause: z.prettifyError(parsed.error),
  });
}

/**
 * What a schema cannot know: that the profile and the tools exist, and what each grader needs for its declaration. A
 * rollout that could never be graded is refused before a policy spends anything on it.
 * @throws BerthError `unknown_profile`, `invalid_environment`
 */
export async function checkEnvironment(
  { environment, baseDir }: StoredEnvironment,
  { profiles, registry, graders }: { profiles: Profiles; registry: ToolRegistry; graders: Graders },
): Promise<void> {
  const profile = profileNamed(profiles, environment.profile);
  if (profile.root_commands) {
    throw new BerthError(
      "invalid_environment",
      `profile: ${profile.name} is for setup steps and is never given to a policy.`,
    );
  }
  if (environment.egress.length > 0 && profile.network !== "egress") {
    throw new BerthError(
      "invalid_environment",
      `egress: the profile ${profile.name} has no proxy (network: ${profile.network}), so nothing could be reached; choose one with network: egress.`,
    );
  }
  toolsOf(environment, registry);
  if (environment.repo) originUrl(environment.repo.url);
  await checkGraders({ environment, baseDir }, { graders });
}

/**
 * That the graders can be told apart, that a reward comes of them, and that each has what its declaration names.
 * @throws BerthError `invalid_environment`
 */
export async function checkGraders(
  { environment, baseDir }: StoredEnvironment,
  { graders }: { graders: Graders },
): Promise<void> {
  checkReward(environment);
  for (const spec of environment.graders) {
    const grader: Grader = graders[spec.type];
    await grader.check?.(spec, { assertHiddenFolder: (path) => assertHiddenFolder(path, baseDir) });
  }
}
