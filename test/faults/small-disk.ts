import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { execa } from "execa";

const megabyte = 2 ** 20;
/** Above what any file system of this size has. */
const mostFiles = 100_000;

/** A file system of its own, of little room, mounted at `folder`; its end takes it away. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** Leaves not a byte for data. */
  fillSpace(): Promise<void>;
  /** Leaves no inode for another file. */
  fillInodes(): Promise<void>;
  /** Gives back what was filled. */
  free(): Promise<void>;
}

export async function smallDisk(size: { megabytes: number; inodes: number }): Promise<SmallDisk> {
  const place = await mkdtemp(path.join(tmpdir(), "berth-small-disk-"));
  const image = path.join(place, "image");
  const mount = path.join(place, "mount");
  await execa("truncate", ["--size", `${size.megabytes}M`, image]);
  await execa("mkfs.ext4", ["-q", "-m", "0", "-N", String(size.inodes), image]);
  await mkdir(mount);
  await execa("mount", ["-o", "loop", image, mount]);
  const folder = path.join(mount, "data");
  const filler = path.join(mount, "filler");
  await mkdir(folder);

  return {
    folder,

    async fillSpace() {
      await mkdir(filler, { recursive: true });
      await using file = await open(path.join(filler, "bytes"), "a");
      for (const bytes of [megabyte, 4096]) {
        const piece = Buffer.alloc(bytes);
        while (await hasRoom(() => file.write(piece)));
      }
      await file.sync().catch(ignoreFull);
    },

    async fillInodes() {
      await mkdir(filler, { recursive: true });
      for (let n = 0; n < mostFiles; n++)
        if (!(await hasRoom(() => writeFile(path.join(filler, String(n)), "")))) return;
      throw new Error(`The disk has more than ${mostFiles} inodes.`);
    },

    free: () => rm(filler, { recursive: true, force: true }),

    async [Symbol.asyncDispose]() {
      await execa("umount", [mount]);
      await rm(place, { recursive: true, force: true });
    },
  };
}

async function hasRoom(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    ignoreFull(error);
    return false;
  }
}

function ignoreFull(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
}
