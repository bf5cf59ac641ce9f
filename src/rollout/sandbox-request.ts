import type { Environment } from "../model/environment.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import type { PooledRequest } from "../sandbox/pool/pool.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";

/** A sandbox that no controller has cared for in this time ends itself; as long as one does, it lives, so that it never dies before it can be graded. */
export const UNATTENDED_MS = 1_800_000;

/** The sandbox that a rollout of an environment works in. `key`: of its snapshot, which is leased. @throws BerthError `unknown_profile` */
export function sandboxRequest(
  environment: Environment,
  { purpose, key, builder, profiles }: { purpose: string; key: string; builder: SnapshotBuilder; profiles: Profiles },
): PooledRequest {
  return {
    purpose,
    base: { kind: "snapshot", key },
    profile: profileNamed(profiles, environment.profile),
    resources: environment.resources,
    workdir: environment.workdir,
    lifetimeMs: UNATTENDED_MS,
    environment: environment.name,
    min: environment.warm,
    hold: () => builder.hold(key),
  };
}
