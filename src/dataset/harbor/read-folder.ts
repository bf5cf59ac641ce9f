import { lstat, readFile, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathFault } from "../../grader/change-set/path-fault.ts";
import { Unusable, type TaskFile } from "../task.ts";

const MOST_FILES = 10_000;
/** Of all files of a folder together. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * All files of a folder of a task by their paths in it, sorted; none where there is no such folder.
 * @throws Unusable when something in it is neither file nor folder, or has an odd name, or it is too large
 */
export async function readFolder(folder: string, name: string): Promise<TaskFile[]> {
  const root = join(folder, name);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  const files: TaskFile[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const full = join(entry.parentPath, entry.name);
    const path = relative(root, full);
    const shown = `${name}/${path}`.slice(0, 200);
    const fault = pathFault(path);
    if (fault !== undefined) throw new Unusable(`${shown}: ${fault}`);
    const facts = await lstat(full);
    if (!facts.isFile()) throw new Unusable(`${shown} is no regular file`);
    bytes += facts.size;
    if (bytes > MOST_BYTES || files.length >= MOST_FILES)
      throw new Unusable(`${name} has more than ${MOST_FILES} files or ${MOST_BYTES} bytes`);
    files.push({ path, content: await readFile(full), executable: (facts.mode & 0o111) !== 0 });
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
