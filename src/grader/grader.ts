import type { ChangeSet } from "../model/change-set.ts";
import type { Environment } from "../model/environment.ts";
import type { GraderSpec } from "../model/grader.ts";
import type { TrajectoryRecord } from "../model/trajectory.ts";
import type { VerdictPart } from "../model/verdict.ts";
import type { Guest } from "../guest/guest.ts";

/** A hidden file of the task. It exists in the controller and, while grading, in the grading sandbox. */
export interface HiddenFile {
  /** Relative to the workspace. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly executable: boolean;
}

/** A clean sandbox from the rollout's snapshot; disposing of it destroys it, verified. */
export interface GradingSandbox extends AsyncDisposable {
  readonly guest: Guest;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface GradingContext {
  readonly environment: Environment;
  readonly changeSet: ChangeSet;
  /** The policy's last message, when it sent one. */
  readonly answer: string | undefined;
  /** Every tool call of the rollout in the order of acceptance, as the store keeps them; none runs any more. @throws BerthError `storage_failed` */
  readonly trajectory: () => Promise<readonly TrajectoryRecord[]>;
  /** The files of a grader's `files`. @throws BerthError `invalid_environment` when the folder cannot be read */
  readonly hiddenFiles: (folder: string) => Promise<readonly HiddenFile[]>;
  /** A fresh one at each call. */
  readonly openSandbox: () => Promise<GradingSandbox>;
  readonly signal: AbortSignal;
  /** One line about a long step, for people. */
  readonly onProgress: (message: string) => void;
}

/** The files of a task, while its environment is being checked. */
export interface TaskFolder {
  /** @throws BerthError `invalid_environment` unless the task has such a folder of hidden files */
  assertHiddenFolder(path: string): Promise<void>;
}

export interface PartResult extends VerdictPart {
  readonly flags: readonly string[];
}

/** Turns a rollout into one part of its verdict. @throws BerthError of cause `grader`, `task` or `infra`: then the rollout is unscored. */
export interface Grader<Spec extends GraderSpec = GraderSpec> {
  readonly type: GraderSpec["type"];
  /** What a schema cannot know of a declaration, before a policy spends anything on it. @throws BerthError `invalid_environment` */
  check?(spec: Spec, task: TaskFolder): Promise<void>;
  grade(spec: Spec, context: GradingContext): Promise<PartResult>;
}
