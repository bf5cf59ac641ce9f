import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import { frameworkOf } from "../grader/tests/frameworks.ts";
import { environment as environmentSchema, type Environment, type EnvironmentInput } from "../model/environment.ts";
import type { StoredEnvironment } from "../store/store.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";
import { originUrl } from "../snapshot/origin.ts";
import type { ToolRegistry } from "../tool/registry.ts";
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
 * What a schema cannot know: that the profile, the tools, the graders' frameworks and their hidden folders exist. A
 * rollout that could never be graded is refused before a policy spends anything on it.
 * @throws BerthError `unknown_profile`, `invalid_environment`
 */
export async function checkEnvironment(
  { environment, baseDir }: StoredEnvironment,
  { profiles, registry }: { profiles: Profiles; registry: ToolRegistry },
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
  registry.select(environment.tools);
  if (environment.repo) originUrl(environment.repo.url);
  for (const spec of environment.graders) {
    frameworkOf(spec);
    if (spec.files !== undefined) await assertHiddenFolder(spec.files, baseDir);
  }
}
