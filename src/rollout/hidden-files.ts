import { lstat, readFile, readdir } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { BerthError } from "../core/errors.ts";
import type { HiddenFile } from "../grader/grader.ts";

const MAX_FILES = 10_000;
const MAX_BYTES = 256 * 1024 * 1024;

/** The folder's path on the controller's disk. @throws BerthError `invalid_environment` */
function rootOf(folder: string, baseDir: string | null): string {
  if (!isAbsolute(folder) && baseDir === null) {
    throw new BerthError(
      "invalid_environment",
      `graders.files: ${folder} is relative, and the environment did not come from a file.`,
      {
        remedy: "Give an absolute path on the controller's machine.",
      },
    );
  }
  return resolve(baseDir ?? "/", folder);
}

const unreadable = (root: string, cause: unknown): BerthError =>
  new BerthError(
    "invalid_environment",
    `graders.files: the folder ${root} cannot be read on the controller's machine.`,
    {
      cause,
      remedy: "Put the hidden files there, or correct the path.",
    },
  );

/** @throws BerthError `invalid_environment` when there is no such folder now */
export async function assertHiddenFolder(folder: string, baseDir: string | null): Promise<void> {
  const root = rootOf(folder, baseDir);
  await readdir(root).catch((error: unknown) => {
    throw unreadable(root, error);
  });
}

/**
 * The hidden files of a task from the controller's disk; `folder` is absolute or starts from `baseDir`.
 * @throws BerthError `invalid_environment` when the folder is missing, odd or too large
 */
export async function readHiddenFiles(folder: string, baseDir: string | null): Promise<HiddenFile[]> {
  const root = rootOf(folder, baseDir);
  const names = await readdir(root, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(root, error);
  });
  const files: HiddenFile[] = [];
  let bytes = 0;
  for (const name of names) {
    if (name.isDirectory()) continue;
    const path = join(name.parentPath, name.name);
    const facts = await lstat(path);
    bytes += facts.size;
    if (!facts.isFile() || files.length >= MAX_FILES || bytes > MAX_BYTES) {
      throw new BerthError(
        "invalid_environment",
        `graders.files: ${path} is ${facts.isFile() ? `beyond ${MAX_FILES} files or ${MAX_BYTES} bytes` : "not a regular file"}.`,
      );
    }
    files.push({ path: relative(root, path), content: await readFile(path), executable: (facts.mode & 0o111) !== 0 });
  }
  return files;
}
