import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pack, type Pack } from "tar-stream";
import { BerthError } from "../../core/errors.ts";

/** A folder of images/ holds a Dockerfile and small files; more than this is a mistake. */
const maxContextBytes = 64 * 1024 * 1024;

interface ContextFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
}

/** The regular files of an image's folder, sorted by path. Read whole, so that the tar's headers are right. */
async function contextFiles(folder: string): Promise<ContextFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: ContextFile[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    const { mode, size } = await stat(full);
    bytes += size;
    if (bytes > maxContextBytes) {
      throw new BerthError("invalid_environment", `${folder} holds more than ${maxContextBytes} bytes.`, {
        remedy: "Keep a Dockerfile and small files in it; fetch large ones while the image is built.",
      });
    }
    files.push({ path: full.slice(folder.length + 1), mode: mode & 0o777, content: await readFile(full) });
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** An image's folder as the tar stream that a build takes. Times and owners are left out: the same files, the same cache. */
export async function buildContext(folder: string): Promise<Pack> {
  const tar = pack();
  for (const { path, mode, content } of await contextFiles(folder)) {
    tar.entry({ name: path, mode, uid: 0, gid: 0, mtime: new Date(0) }, content);
  }
  tar.finalize();
  return tar;
}
