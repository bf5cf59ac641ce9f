import { readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { runtimes } from "../../model/profile.ts";
import { sandboxPaths, type OciPaths } from "./paths.ts";

const idRange = z.strictObject({ first: z.number().int(), count: z.number().int() });

/** Written before anything else of a sandbox exists, so that whatever is left of it can be found and removed. */
const sandboxRecord = z.strictObject({
  id: z.string(),
  labels: z.strictObject({ owner: z.string(), purpose: z.string(), incarnation: z.string() }),
  snapshot: z.string().nullable(),
  image: z.string().nullable(),
  guest: z.string(),
  /** Whether what it writes is on a disk of limited size. */
  disk: z.boolean().default(false),
  /** The ids of the host that are the sandbox's own in its user namespace; null when it runs in the host's. */
  ids: idRange.nullable().default(null),
  runtime: z.enum(runtimes).default("runc"),
});
export type IdRange = z.infer<typeof idRange>;
export type SandboxRecord = z.infer<typeof sandboxRecord>;

const snapshotRecord = z.strictObject({
  key: z.string(),
  /** The location of the image beneath the layer. */
  image: z.string(),
  /** Keys of the snapshots beneath this one, uppermost first. */
  beneath: z.array(z.string()),
  createdAtMs: z.number(),
  /** Allocated by the layer. */
  bytes: z.number().default(0),
  owner: z.string().nullable().default(null),
});
export type SnapshotRecord = z.infer<typeof snapshotRecord>;

/** Written beside an image's root file system; its mtime is the time of the last use. */
const imageRecord = z.strictObject({ name: z.string(), location: z.string(), bytes: z.number() });
export type ImageRecord = z.infer<typeof imageRecord>;

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whole or not at all, so that a crash leaves no half of a record. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(`${file}.draft`, JSON.stringify(value));
  await rename(`${file}.draft`, file);
}

export const readSandboxRecord = (paths: OciPaths, id: string): Promise<SandboxRecord | undefined> =>
  readJson(sandboxPaths(paths, id).record, sandboxRecord);

export const readSnapshotRecord = (dir: string): Promise<SnapshotRecord | undefined> =>
  readJson(join(dir, "snapshot.json"), snapshotRecord);

export const imageRecordFile = (rootfs: string): string => `${rootfs}.json`;

export const readImageRecord = (rootfs: string): Promise<ImageRecord | undefined> =>
  readJson(imageRecordFile(rootfs), imageRecord);

export async function listSandboxIds(paths: OciPaths): Promise<string[]> {
  return readdir(paths.sandboxes).catch(() => []);
}
