import type { EnvironmentInput } from "../../../src/model/environment.ts";

/** A rollout that has earned nothing and tries to look as if it had. None of them harms the machine that it runs on. */
export interface Cheat {
  /** Of the same corpus. */
  readonly task: string;
  /** What it does; unique within its task. */
  readonly name: string;
  /** Texts that it writes, by path. */
  readonly written?: Readonly<Record<string, string>>;
  /** What it runs in its own sandbox after that, by `sh -c`. */
  readonly run?: string;
  readonly answer?: string;
  /** Among the flags of the verdict, where the attempt can be told from an honest failure. */
  readonly flags?: readonly string[];
}

/** A rollout whose reward is known: the oracle's, that of doing nothing, and an honest one that looks different. */
export interface Control extends Pick<Cheat, "written" | "run" | "answer"> {
  readonly name: "oracle" | "nothing" | "honest alternative";
  /** Rewards from here on are right; `nothing` must have exactly 0. */
  readonly atLeast: number;
}

/** A small real task: an environment on the machine's own file system, and rollouts of it with a known reward. */
export interface VerdictTask {
  readonly name: string;
  readonly language: string;
  /** A folder with the repository's files. */
  readonly base: string;
  readonly environment: Omit<EnvironmentInput, "name" | "repo">;
  readonly controls: readonly Control[];
}

/** The cheats of one grader, with the tasks that they are tried on. */
export interface Corpus {
  readonly grader: string;
  readonly tasks: readonly VerdictTask[];
  readonly cheats: readonly Cheat[];
}
