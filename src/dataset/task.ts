import type { EnvironmentInput } from "../model/environment.ts";

/** A file of a task that no policy sees. */
export interface TaskFile {
  /** Of a hidden file relative to the workspace, of a solution's relative to the task's folder. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly executable: boolean;
}

/** A row of a dataset, or a task's folder, as Berth keeps it. None but `prompt` ever reaches a policy. */
export interface Task {
  readonly environment: EnvironmentInput & { readonly name: string };
  /** Laid over the workspace while grading, from the folder `hidden` beside the environment's file. */
  readonly hidden: readonly TaskFile[];
  /** A correct solution; kept beside the environment for people, and used by nothing. */
  readonly solution: readonly TaskFile[];
  readonly prompt: string;
  /** The image, where it comes as a recipe. */
  readonly build?: ImageBuild;
  /** What whoever imports it should know. */
  readonly notes?: readonly string[];
}

/** An image that is built from a folder. */
export interface ImageBuild {
  /** With a Dockerfile; on this machine. */
  readonly folder: string;
  /** Names what is in the folder, so that another content is another image. */
  readonly reference: string;
}

/** A row that no task can be made of, and why. Says nothing about Berth. */
export class Unusable extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "Unusable";
  }
}
