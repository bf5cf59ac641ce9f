import { lstat, readdir } from "node:fs/promises";
import path from "node:path";

const blockBytes = 512;

/** Bytes that the disk holds for a folder and all beneath it: holes of sparse files do not count. */
export async function allocatedBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(["", ...names].map((name) => lstat(path.join(folder, name))));
  return sizes.reduce((sum, { blocks }) => sum + blocks * blockBytes, 0);
}
