import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { exists } from "../../core/exists.ts";
import type { TaskSource } from "../import-tasks.ts";
import { taskOfFolder, type TaskOfFolderOptions } from "./task-of-folder.ts";

const isTask = (folder: string): Promise<boolean> => exists(join(folder, "task.toml"));

/** A folder that is a task of Harbor's, or those in it that are, by name. */
export async function taskFolders(folder: string): Promise<string[]> {
  if (await isTask(folder)) return [folder];
  const entries = await readdir(folder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const are = await Promise.all(folders.map(isTask));
  return folders.filter((_folder, at) => are[at]).toSorted();
}

export async function* folderSources(
  folders: readonly string[],
  options: TaskOfFolderOptions,
): AsyncGenerator<TaskSource> {
  for (const folder of folders)
    yield { at: { folder }, id: basename(resolve(folder)), make: () => taskOfFolder(folder, options) };
}
