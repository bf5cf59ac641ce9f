import { access, lstat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ContainerInspectInfo } from "dockerode";
import { BerthError } from "../../core/errors.ts";
import { diskObstacle, diskTemplate, runTool, type DiskSize } from "../disk.ts";
import type { DockerConnection } from "./daemon.ts";
import { label } from "./names.ts";
import type { DaemonFacts } from "./probe.ts";

const OVERLAY_MAGIC = 0x794c7630;

const otherwise = "use the provider oci, or a profile without disk limits (standard-unlimited-disk)";

/** Why the layers of the daemon's containers cannot be put on disks of their own from here; undefined when they can. */
export async function layerDiskObstacle(
  facts: DaemonFacts,
  connection: DockerConnection = {},
): Promise<string | undefined> {
  const why = await obstacle(facts, connection);
  return why === undefined ? undefined : `${why}; ${otherwise}`;
}

async function obstacle(facts: DaemonFacts, connection: DockerConnection): Promise<string | undefined> {
  if (connection.host !== undefined) return "a disk is mounted on the Docker daemon's own machine, and it is remote";
  if (facts.rootless) return "the Docker daemon is rootless and sees none of the controller's mounts";
  if (facts.storageDriver !== "overlay2")
    return `the Docker daemon's storage driver is ${facts.storageDriver}, and only overlay2 keeps a container's files in one folder`;
  if (process.getuid?.() !== 0) return "mounting a disk needs root";
  const layers = join(facts.rootDir, "overlay2");
  const here = await access(layers).then(
    () => true,
    () => false,
  );
  if (!here) return `the Docker daemon's folder ${layers} is not on the controller's machine`;
  return diskObstacle();
}

/**
 * A container's own layer on a disk of its own: a file with an ext4 file system, mounted over the folder in which overlay2 keeps what
 * the container writes. The file has no name, so the mount is all there is: it ends with the container, whoever removes that.
 */
export interface LayerDisks {
  /** Between the container's creation and its start. Idempotent. @throws BerthError `sandbox_create_failed` */
  cover(container: ContainerInspectInfo, size: DiskSize): Promise<void>;
  /** After the start: that the daemon saw the disk. @throws BerthError `capability_missing` when the container writes elsewhere */
  assertTook(container: ContainerInspectInfo): Promise<void>;
  /** That what the container wrote is still there: the disk does not outlive a restart of the machine. @throws BerthError `sandbox_lost` */
  assertKept(container: ContainerInspectInfo): Promise<void>;
  /** After the container's removal: that nothing of the disk is left. @throws BerthError `teardown_failed` */
  assertGone(container: ContainerInspectInfo): Promise<void>;
}

export function layerDisks(options: { readonly templates: string; readonly guestBinary: string }): LayerDisks {
  return {
    async cover(container, size) {
      const { folder } = layerOf(container);
      if (await isMounted(folder)) return;
      const template = await diskTemplate(options.templates, size);
      await runTool(options.guestBinary, ["disk", "--template", template, "--over", folder]);
    },

    async assertTook(container) {
      const { folder, merged } = layerOf(container);
      const [disk, root] = await Promise.all([statfs(folder), statfs(merged).catch(() => undefined)]);
      const same = root?.type === OVERLAY_MAGIC && root.blocks === disk.blocks && root.files === disk.files;
      if (same && (await isMounted(folder))) return;
      throw new BerthError(
        "capability_missing",
        `The Docker daemon did not see the disk mounted at ${folder}: it does not share the controller's mounts.`,
        { remedy: `Run the controller on the daemon's machine itself, or ${otherwise}.` },
      );
    },

    async assertKept(container) {
      if (!hasDisk(container) || (await isMounted(layerOf(container).folder))) return;
      throw new BerthError(
        "sandbox_lost",
        "The sandbox's disk is gone: the Docker daemon or the machine was restarted.",
      );
    },

    async assertGone(container) {
      if (!hasDisk(container)) return;
      const { folder } = layerOf(container);
      // A folder that something is mounted on cannot be removed, so one that is gone has taken its mount with it.
      if (!(await exists(folder))) return;
      if (await isMounted(folder)) await runTool("umount", [folder]);
      if (await isMounted(folder)) throw new BerthError("teardown_failed", `The disk at ${folder} is still mounted.`);
    },
  };
}

/** The label is empty on what came from a snapshot and has no disk. */
const hasDisk = (container: ContainerInspectInfo): boolean => Boolean(container.Config.Labels[label.disk]);

/** @throws BerthError `sandbox_create_failed` where the daemon does not tell the three folders beneath one */
function layerOf(container: ContainerInspectInfo): { folder: string; merged: string } {
  const { UpperDir, WorkDir, MergedDir } = container.GraphDriver.Data as Partial<Record<string, string>>;
  const folder = UpperDir === undefined ? "" : dirname(UpperDir);
  const plain = UpperDir === `${folder}/diff` && WorkDir === `${folder}/work` && MergedDir === `${folder}/merged`;
  if (plain && folder.startsWith("/")) return { folder, merged: MergedDir };
  throw new BerthError("sandbox_create_failed", "The Docker daemon does not say where a container's layer is.");
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );

async function isMounted(folder: string): Promise<boolean> {
  if (!(await exists(folder))) return false;
  const [own, above] = await Promise.all([lstat(folder), lstat(dirname(folder))]);
  return own.dev !== above.dev;
}
