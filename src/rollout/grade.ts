import { crashPoint } from "../core/crash-point.ts";
import type { Clock } from "../core/clock.ts";
import { gradeRollout } from "../grader/grade-rollout.ts";
import type { GradingSandbox } from "../grader/grader.ts";
import type { Graders } from "../grader/registry.ts";
import type { ChangeSet } from "../model/change-set.ts";
import type { Environment } from "../model/environment.ts";
import type { Profile } from "../model/profile.ts";
import type { TrajectoryRecord } from "../model/trajectory.ts";
import type { Verdict } from "../model/verdict.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import type { StoredEnvironment } from "../store/store.ts";
import { commandEnvironment } from "./command-environment.ts";
import { readHiddenFiles } from "./hidden-files.ts";

const LIFETIME_MARGIN_MS = 300_000;

export interface GradeRequestContext {
  readonly rolloutId: string;
  readonly stored: StoredEnvironment;
  readonly changeSet: ChangeSet;
  readonly answer: string | undefined;
  readonly trajectory: () => Promise<readonly TrajectoryRecord[]>;
  readonly graders: Graders;
  readonly profile: Profile;
  readonly builder: SnapshotBuilder;
  readonly launcher: SandboxLauncher;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
}

/** A stored change set → a verdict, in clean sandboxes from the snapshot that the rollout started from. */
export async function gradeChangeSet(context: GradeRequestContext): Promise<Verdict> {
  const { rolloutId, stored, changeSet, answer, trajectory, graders, profile, builder, launcher, clock } = context;
  const { signal, onProgress } = context;
  const { environment, baseDir } = stored;
  const openSandbox = async (): Promise<GradingSandbox> => {
    using _snapshot = await builder.restore(changeSet.snapshot, environment, { onProgress, signal });
    const sandbox = await launcher.launch({
      purpose: `grade:${rolloutId}`,
      base: { kind: "snapshot", key: changeSet.snapshot },
      profile,
      resources: environment.resources,
      workdir: environment.workdir,
      lifetimeMs: environment.budget.grading_seconds * 1000 + LIFETIME_MARGIN_MS,
      signal,
    });
    crashPoint("grade.sandbox-ready");
    return {
      guest: sandbox.guest,
      workdir: environment.workdir,
      env: commandEnvironment(environment),
      [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
    };
  };
  return gradeRollout(
    {
      environment,
      changeSet,
      answer,
      trajectory,
      hiddenFiles: (folder) => readHiddenFiles(folder, baseDir),
      openSandbox,
      signal,
      onProgress,
    },
    environment.graders,
    { graders, clock },
  );
}

/** How long a grading may take in all, in milliseconds: every grader may start twice, and each has its own time. */
export const gradingDeadlineMs = ({ graders, budget }: Environment): number =>
  graders.length * 2 * budget.grading_seconds * 1000 + 120_000;
