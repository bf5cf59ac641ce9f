import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import { environment as environmentSchema, type Environment, type EnvironmentInput } from "../model/environment.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";
import type { ToolRegistry } from "../tool/registry.ts";

/** @throws BerthError `invalid_environment` naming every field that is wrong */
export function parseEnvironment(input: EnvironmentInput): Environment {
  const parsed = environmentSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the environment"}: ${issue.message}`);
  throw new BerthError("invalid_environment", `The environment is not valid: ${problems.join("; ")}.`, {
    cause: z.prettifyError(parsed.error),
  });
}

/** What a schema cannot know: that the profile and the tools exist. @throws BerthError `unknown_profile`, `invalid_environment` */
export function checkEnvironment(environment: Environment, profiles: Profiles, registry: ToolRegistry): void {
  const profile = profileNamed(profiles, environment.profile);
  if (profile.root_commands) {
    throw new BerthError(
      "invalid_environment",
      `profile: ${profile.name} is for setup steps and is never given to a policy.`,
    );
  }
  registry.select(environment.tools);
}
