import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { stringify } from "yaml";
import { HIDDEN_FOLDER } from "./task-of-row.ts";
import type { Task, TaskFile } from "./task.ts";

export const ENVIRONMENT_FILE = "environment.yaml";

interface Written {
  readonly content: Buffer;
  readonly executable: boolean;
}

/**
 * Writes a task's folder, `<directory>/<name>/`: the environment, its hidden files, its solution. Whole or not at all, and readable by its
 * owner alone: what decides rewards is in it. Gives the folder, and whether anything changed.
 */
export async function writeTask(directory: string, task: Task): Promise<{ folder: string; changed: boolean }> {
  const folder = join(directory, task.environment.name);
  const wanted = filesOf(task);
  if (isSame(await existing(folder), wanted)) return { folder, changed: false };
  const draft = join(directory, `.${task.environment.name}.draft`);
  await rm(draft, { recursive: true, force: true });
  for (const [path, { content, executable }] of wanted) {
    const file = join(draft, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, content, { mode: executable ? 0o700 : 0o600 });
  }
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
  return { folder, changed: true };
}

function filesOf({ environment, hidden, solution }: Task): Map<string, Written> {
  const yaml = Buffer.from(stringify(environment, { lineWidth: 0 }), "utf8");
  const written = ({ content, executable }: TaskFile): Written => ({ content: Buffer.from(content), executable });
  return new Map<string, Written>([
    [ENVIRONMENT_FILE, { content: yaml, executable: false }],
    ...solution.map((file) => [file.path, written(file)] as const),
    ...hidden.map((file) => [join(HIDDEN_FOLDER, file.path), written(file)] as const),
  ]);
}

async function existing(folder: string): Promise<Map<string, Written>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    const [content, facts] = await Promise.all([readFile(path), stat(path)]);
    return [relative(folder, path), { content, executable: (facts.mode & 0o100) !== 0 }] as const;
  });
  return new Map(await Promise.all(read));
}

const isSame = (found: ReadonlyMap<string, Written>, wanted: ReadonlyMap<string, Written>): boolean =>
  found.size === wanted.size &&
  [...wanted].every(([path, { content, executable }]) => {
    const there = found.get(path);
    return there !== undefined && there.executable === executable && there.content.equals(content);
  });
