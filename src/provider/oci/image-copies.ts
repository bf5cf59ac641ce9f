import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import PQueue from "p-queue";
import { allocatedBytes } from "../../core/allocated-bytes.ts";
import { BerthError } from "../../core/errors.ts";
import { exists } from "../../core/exists.ts";
import type { ImageCopies, ImageCopy } from "../provider.ts";
import type { OciPaths } from "./paths.ts";
import { imageRecordFile, readImageRecord, writeJson } from "./records.ts";
import { removeTree } from "./remove-tree.ts";
import { neededImages } from "./snapshots.ts";
import { unfinished } from "./unfinished.ts";

/** The record is touched at most once in this time. */
const TOUCH_PAUSE_MS = 60_000;

export interface ImageSource {
  readonly name: string;
  /** Of the root file system, as snapshots and sandboxes refer to it. */
  readonly location: string;
  /** Makes the folder, whole or not at all. */
  readonly make: () => Promise<void>;
}

/** Root file systems that were brought onto the disk. Making, using and removing one exclude each other. */
export class OciImageCopies implements ImageCopies {
  readonly #paths: OciPaths;
  readonly #turns = new Map<string, PQueue>();
  /** Unix milliseconds, by path; what is in it has its record. */
  readonly #used = new Map<string, number>();

  constructor(paths: OciPaths) {
    this.#paths = paths;
  }

  /** Makes the image's folder unless it is there, and notes that it is used now. */
  use(rootfs: string, { name, location, make }: ImageSource): Promise<void> {
    return this.#turn(rootfs).add(async () => {
      if (!(await exists(rootfs))) {
        await mkdir(this.#paths.images, { recursive: true });
        await make();
        this.#used.delete(rootfs);
      }
      if (!this.#used.has(rootfs) && !(await exists(imageRecordFile(rootfs))))
        await this.#record(rootfs, { name, location });
      await this.#touch(rootfs);
    });
  }

  async list(): Promise<readonly ImageCopy[]> {
    const names = await readdir(this.#paths.images).catch((): string[] => []);
    await this.#recordOthers(names);
    const needed = await neededImages(this.#paths);
    const copies = await Promise.all(
      names
        .filter((name) => !name.includes("."))
        .map(async (name) => {
          const rootfs = join(this.#paths.images, name);
          const [record, lastUsedMs] = await Promise.all([readImageRecord(rootfs), this.#lastUsedMs(rootfs)]);
          if (!record || lastUsedMs === undefined) return [];
          const { bytes, location } = record;
          return [{ id: basename(rootfs), name: record.name, bytes, lastUsedMs, needed: needed.has(location) }];
        }),
    );
    return copies.flat();
  }

  async remove(id: string, unlessUsedSinceMs: number): Promise<boolean> {
    const rootfs = join(this.#paths.images, basename(id));
    const grave = unfinished(`${rootfs}-${process.hrtime.bigint()}`);
    const removed = await this.#turn(rootfs).add(async () => {
      const record = await readImageRecord(rootfs);
      if (!record) return true;
      if (((await this.#lastUsedMs(rootfs)) ?? 0) >= unlessUsedSinceMs) return false;
      if ((await neededImages(this.#paths)).has(record.location)) return false;
      await rename(rootfs, grave).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
      await rm(imageRecordFile(rootfs), { force: true });
      this.#used.delete(rootfs);
      return true;
    });
    await removeTree(grave);
    return removed;
  }

  async #record(rootfs: string, { name, location }: Omit<ImageSource, "make">): Promise<void> {
    await writeJson(imageRecordFile(rootfs), { name, location, bytes: await allocatedBytes(rootfs) });
  }

  /** Folders whose maker died before it could say what they are. */
  async #recordOthers(names: readonly string[]): Promise<void> {
    const known = new Set(names);
    for (const name of names.filter((one) => !one.includes(".") && !known.has(`${one}.json`))) {
      const location = `${name.startsWith("host-") ? "host" : "rootfs"}:${join(this.#paths.images, name)}`;
      await this.use(join(this.#paths.images, name), { name: "unknown", location, make: vanished });
    }
  }

  async #lastUsedMs(rootfs: string): Promise<number | undefined> {
    const record = await stat(imageRecordFile(rootfs)).catch(() => undefined);
    return record && Math.max(record.mtimeMs, this.#used.get(rootfs) ?? 0);
  }

  async #touch(rootfs: string): Promise<void> {
    const now = Date.now();
    const { mtimeMs } = await stat(imageRecordFile(rootfs));
    if (now - mtimeMs >= TOUCH_PAUSE_MS) await utimes(imageRecordFile(rootfs), now / 1000, now / 1000);
    this.#used.set(rootfs, now);
  }

  #turn(rootfs: string): PQueue {
    const turn = this.#turns.get(rootfs) ?? new PQueue({ concurrency: 1 });
    this.#turns.set(rootfs, turn);
    return turn;
  }
}

const vanished = (): Promise<never> =>
  Promise.reject(new BerthError("internal", "An image vanished while it was listed."));
