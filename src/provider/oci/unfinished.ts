import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../../core/exists.ts";
import { removeTree } from "./remove-tree.ts";

/** A folder that is being made or removed carries the process that does it, so that a later one can tell what is left over. */
export const unfinished = (target: string): string => `${target}.draft-${process.pid}`;

const unfinishedForm = /\.(?:draft|partial)-(\d+)(?:-[0-9a-f]+)?$/;

/** Removes what processes that are no more had begun to make or to remove. */
export async function sweepUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const pid = unfinishedForm.exec(name)?.[1];
    if (pid !== undefined && !(await exists(join("/proc", pid)))) await removeTree(join(folder, name));
  }
}
