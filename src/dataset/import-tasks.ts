import { BerthError } from "../core/errors.ts";
import { Unusable, type ImageBuild, type Task } from "./task.ts";
import { writeTask } from "./write-task.ts";

/** Where a task comes from: a line of a JSONL file, from 1, or a folder. */
export type TaskPlace = { readonly line: number } | { readonly folder: string };

/** Something that a task may be made of. */
export interface TaskSource {
  readonly at: TaskPlace;
  /** What its makers call it, where they say. */
  readonly id: string | null;
  /** @throws Unusable, BerthError */
  readonly make: () => Promise<Task>;
}

export interface ImportOptions {
  readonly directory: string;
  /** Builds a task's image unless it is there. @throws BerthError */
  readonly build: (image: ImageBuild) => Promise<void>;
  /** Keeps the environment of a task whose folder is written. @throws BerthError */
  readonly register: (task: Task, folder: string) => Promise<void>;
  /** At most so many sources, from the first. */
  readonly limit: number | undefined;
  readonly signal?: AbortSignal;
  readonly onTask: (done: number) => void;
}

/** What became of a source. */
export type ImportedTask = { readonly at: TaskPlace } & (
  | { readonly status: "written" | "unchanged"; readonly environment: string; readonly task: Task }
  | { readonly status: "skipped"; readonly id: string | null; readonly reason: string }
);

/**
 * Makes environments of what a data set holds and registers them. The same again changes nothing; a source that none can be made of is left
 * out and named.
 * @throws BerthError when Berth itself fails
 */
export async function importTasks(
  sources: AsyncIterable<TaskSource>,
  { directory, build, register, limit = Number.POSITIVE_INFINITY, signal, onTask }: ImportOptions,
): Promise<ImportedTask[]> {
  const results: ImportedTask[] = [];
  const seen = new Set<string>();
  for await (const { at, id, make } of sources) {
    signal?.throwIfAborted();
    if (results.length >= limit) break;
    try {
      const task = await make();
      const { name } = task.environment;
      if (seen.has(name)) throw new Unusable("an earlier one has the same id");
      seen.add(name);
      if (task.build !== undefined) await build(task.build);
      const { folder, changed } = await writeTask(directory, task);
      await register(task, folder);
      results.push({ at, status: changed ? "written" : "unchanged", environment: name, task });
    } catch (error) {
      results.push({ at, status: "skipped", id, reason: reasonOf(error) });
    }
    onTask(results.length);
  }
  return results;
}

/** @throws what is not the task's fault */
function reasonOf(error: unknown): string {
  if (error instanceof Unusable) return error.message;
  if (error instanceof BerthError && error.causedBy === "task") return error.message;
  throw error;
}
