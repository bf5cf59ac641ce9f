import type { Profile } from "../model/profile.ts";
import type { Environment } from "../model/environment.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";

/** Beyond the budgets of policy and grading, so that a box never dies before it can be graded. */
const GRACE_MS = 300_000;

export interface Preparation {
  readonly builder: SnapshotBuilder;
  readonly launcher: SandboxLauncher;
  readonly profile: Profile;
}

/** From an environment to a sandbox that waits for tool calls: snapshot, then launch. */
export async function prepareSandbox(
  rolloutId: string,
  environment: Environment,
  { builder, launcher, profile }: Preparation,
  call: { signal: AbortSignal; onProgress: (message: string) => void; onSnapshot: (key: string) => Promise<void> },
): Promise<Sandbox> {
  const { key, built } = await builder.ensure(environment, { onProgress: call.onProgress });
  await call.onSnapshot(key);
  call.signal.throwIfAborted();
  call.onProgress(built ? "snapshot built; starting the sandbox" : "starting the sandbox");
  const { wall_seconds, grading_seconds } = environment.budget;
  return launcher.launch({
    purpose: rolloutId,
    base: { kind: "snapshot", key },
    profile,
    resources: environment.resources,
    workdir: environment.workdir,
    lifetimeMs: (wall_seconds + grading_seconds) * 1000 + GRACE_MS,
    signal: call.signal,
  });
}
