import { closeSync, constants, fstatSync, openSync, readSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface TreeLimits {
  /** Larger files are data. */
  readonly fileBytes: number;
  readonly files: number;
  /** Of all files together. */
  readonly bytes: number;
  readonly depth: number;
}

export const defaultTreeLimits: TreeLimits = {
  fileBytes: 1024 * 1024,
  files: 300_000,
  bytes: 1_000_000_000,
  depth: 100,
};

/** Lines longer than this on the average are made by machines for machines. */
const mostBytesPerLine = 400;

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** The text files below a folder in the order of their paths, .git aside. Links are not followed. `onLeftOut` is told when a limit ends it or passes a file over. */
export function* textFiles(root: string, limits: TreeLimits, onLeftOut: () => void): Generator<TextFile> {
  const left = { files: limits.files, bytes: limits.bytes };
  yield* walk(root, "", 0);

  function* walk(dir: string, prefix: string, depth: number): Generator<TextFile> {
    if (depth > limits.depth) return onLeftOut();
    const entries = readdirSync(dir, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = prefix + entry.name;
      if (entry.isDirectory() && entry.name !== ".git") yield* walk(join(dir, entry.name), `${path}/`, depth + 1);
      if (!entry.isFile() || path.includes("\uFFFD")) continue;
      if (left.files <= 0 || left.bytes <= 0) return onLeftOut();
      const bytes = readSmall(join(dir, entry.name), limits.fileBytes);
      if (bytes === "too large") onLeftOut();
      if (bytes === "too large" || !isText(bytes)) continue;
      left.files -= 1;
      left.bytes -= bytes.length;
      yield { path, text: bytes.toString("utf8") };
    }
  }
}

function readSmall(path: string, most: number): Buffer | "too large" {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(fd);
    if (size > most) return "too large";
    const bytes = Buffer.allocUnsafe(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}

function isText(bytes: Buffer): boolean {
  if (bytes.length === 0 || bytes.subarray(0, 8192).includes(0)) return false;
  let lines = 1;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
  return bytes.length / lines <= mostBytesPerLine;
}
