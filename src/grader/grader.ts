import type { ChangeSet } from "../model/change-set.ts";
import type { Environment } from "../model/environment.ts";
import type { GraderSpec } from "../model/grader.ts";
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
  /** The files of a grader's `files`. @throws BerthError `invalid_environment` when the folder cannot be read */
  readonly hiddenFiles: (folder: string) => Promise<readonly HiddenFile[]>;
  /** A fresh one at each call. */
  readonly openSandbox: () => Promise<GradingSandbox>;
  readonly signal: AbortSignal;
  /** One line about a long step, for people. */
  readonly onProgress: (message: string) => void;
}

export interface PartResult extends VerdictPart {
  readonly flags: readonly string[];
}

/** Turns a rollout into one part of its verdict. @throws BerthError of cause `grader`, `task` or `infra`: then the rollout is unscored. */
export interface Grader<Spec extends GraderSpec = GraderSpec> {
  readonly type: Spec["type"];
  grade(spec: Spec, context: GradingContext): Promise<PartResult>;
}
