import type { Environment } from "../model/environment.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import type { PooledRequest } from "../sandbox/pool/pool.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";

/** Beyond the budgets of policy and grading, so that a box never dies before it can be graded. */
const GRACE_MS = 300_000;

/** The sandbox that a rollout of an environment works in. `key`: of its snapshot, which is leased. @throws BerthError `unknown_profile` */
export function sandboxRequest(
  environment: Environment,
  { purpose, key, builder, profiles }: { purpose: string; key: string; builder: SnapshotBuilder; profiles: Profiles },
): PooledRequest {
  const { wall_seconds, grading_seconds } = environment.budget;
  return {
    purpose,
    base: { kind: "snapshot", key },
    profile: profileNamed(profiles, environment.profile),
    resources: environment.resources,
    workdir: environment.workdir,
    lifetimeMs: (wall_seconds + grading_seconds) * 1000 + GRACE_MS,
    environment: environment.name,
    min: environment.warm,
    hold: () => builder.hold(key),
  };
}
