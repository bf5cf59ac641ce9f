import { lstat, mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { allocatedBytes } from "../../core/allocated-bytes.ts";
import { crashPoint } from "../../core/crash-point.ts";
import { BerthError } from "../../core/errors.ts";
import { exists } from "../../core/exists.ts";
import type { StoredSnapshot } from "../provider.ts";
import { copyUpper } from "./disk.ts";
import { imageLayers, type ImageLayers } from "./image-layers.ts";
import type { OciPaths } from "./paths.ts";
import { sandboxPaths } from "./paths.ts";
import { removeTree } from "./remove-tree.ts";
import {
  listSandboxIds,
  readSandboxRecord,
  readSnapshotRecord,
  writeJson,
  type SandboxRecord,
  type SnapshotRecord,
} from "./records.ts";

const layerDir = (dir: string) => join(dir, "layer");

/** How to mount what a sandbox starts from: its snapshot's layers on top of its image's. @throws BerthError `sandbox_create_failed` */
export async function baseLayers(
  paths: OciPaths,
  base: { image: string } | { snapshot: string },
): Promise<ImageLayers> {
  if ("image" in base) return imageLayers(base.image);
  const dir = join(paths.snapshots, base.snapshot);
  const record = await readSnapshotRecord(dir);
  if (!record) {
    throw new BerthError("sandbox_create_failed", `The snapshot ${base.snapshot} is not there.`, {
      remedy: "Build the environment again: `berth env build NAME`.",
    });
  }
  const image = imageLayers(record.image);
  const beneath = record.beneath.map((key) => layerDir(join(paths.snapshots, key)));
  return { ...image, lowers: [layerDir(dir), ...beneath, ...image.lowers] };
}

/** Moves the upper layer of a stopped sandbox to where snapshots live; the rename is the moment at which it exists. */
export async function keepAsSnapshot(paths: OciPaths, sandbox: SandboxRecord, key: string): Promise<void> {
  const parent =
    sandbox.snapshot === null ? undefined : await readSnapshotRecord(join(paths.snapshots, sandbox.snapshot));
  const image = parent?.image ?? sandbox.image;
  if (image === null) throw new BerthError("internal", `The sandbox ${sandbox.id} has neither image nor snapshot.`);
  const draft = join(paths.snapshots, `${key}.draft`);
  await removeTree(draft);
  await mkdir(draft, { recursive: true });
  const { upper, disk, diskMount } = sandboxPaths(paths, sandbox.id);
  if (sandbox.disk) await copyUpper(disk, diskMount, layerDir(draft));
  else await rename(upper, layerDir(draft));
  await removeGuestsLeavings(layerDir(draft));
  const beneath = parent === undefined ? [] : [parent.key, ...parent.beneath];
  const bytes = await allocatedBytes(layerDir(draft));
  const { owner } = sandbox.labels;
  await writeJson(join(draft, "snapshot.json"), { key, image, beneath, createdAtMs: Date.now(), bytes, owner });
  crashPoint("oci.layer-drafted");
  await rename(draft, join(paths.snapshots, key)).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    await removeTree(draft);
  });
}

/** They are no part of the environment. Setup is root inside: where it made /run a link, there are none, and it leads somewhere on the host. */
async function removeGuestsLeavings(layer: string): Promise<void> {
  const run = join(layer, "run");
  const facts = await lstat(run).catch(() => undefined);
  if (facts?.isDirectory()) await removeTree(join(run, "berth"));
}

export const hasSnapshot = (paths: OciPaths, key: string): Promise<boolean> =>
  exists(join(paths.snapshots, key, "snapshot.json"));

export async function listSnapshots(paths: OciPaths): Promise<StoredSnapshot[]> {
  const names = await readdir(paths.snapshots).catch(() => []);
  const records = await Promise.all(names.map((name) => readSnapshotRecord(join(paths.snapshots, name))));
  return records.flatMap((record, index) => (record && record.key === names[index] ? [storedSnapshot(record)] : []));
}

const storedSnapshot = ({ key, createdAtMs, bytes, owner }: SnapshotRecord): StoredSnapshot => ({
  key,
  createdAtMs,
  bytes,
  owner,
});

async function snapshotRecords(folder: string): Promise<(SnapshotRecord | undefined)[]> {
  const names = await readdir(folder).catch(() => []);
  return Promise.all(names.map((name) => readSnapshotRecord(join(folder, name))));
}

/** Locations of the images that sandboxes and snapshots stand on, removed snapshots that sandboxes still use among them. */
export async function neededImages(paths: OciPaths): Promise<ReadonlySet<string>> {
  // In the order in which things become others, so that one which does meanwhile is seen as either.
  const sandboxes = await Promise.all((await listSandboxIds(paths)).map((id) => readSandboxRecord(paths, id)));
  const kept = await snapshotRecords(paths.snapshots);
  const removed = await snapshotRecords(paths.removedSnapshots);
  return new Set([...sandboxes, ...kept, ...removed].flatMap((record) => record?.image ?? []));
}

/** Takes the snapshot out of sight at once; its layer goes when the last sandbox that runs from it is gone. */
export async function removeSnapshot(paths: OciPaths, key: string): Promise<void> {
  await mkdir(paths.removedSnapshots, { recursive: true });
  const grave = join(paths.removedSnapshots, `${key}-${process.hrtime.bigint()}`);
  await rename(join(paths.snapshots, key), grave).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await sweepRemovedSnapshots(paths);
}

/**
 * Removes the layers of removed snapshots that no sandbox runs from: of all, or of `key` alone. An overlay keeps working when a layer's
 * folder is renamed, but not when its files are removed under it.
 */
export async function sweepRemovedSnapshots(paths: OciPaths, key?: string): Promise<void> {
  const names = await readdir(paths.removedSnapshots).catch(() => []);
  const graves = names.filter((name) => key === undefined || name.startsWith(`${key}-`));
  if (graves.length === 0) return;
  const records = await Promise.all((await listSandboxIds(paths)).map((id) => readSandboxRecord(paths, id)));
  const used = new Set(records.map((record) => record?.snapshot));
  for (const grave of graves) {
    const key = grave.slice(0, grave.lastIndexOf("-"));
    if (!used.has(key)) await removeTree(join(paths.removedSnapshots, grave));
  }
}
