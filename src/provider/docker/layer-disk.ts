import { access, lstat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ContainerInspectInfo } from "dockerode";
import { BerthError, toBerthError } from "../../core/errors.ts";
import { diskObstacle, diskTemplate, runTool, type DiskSize } from "../disk.ts";
import type { DockerConnection } from "./daemon.ts";
import { label } from "./names.ts";
import type { DaemonFacts } from "./probe.ts";

const OVERLAY_MAGIC = 0x794c7630;
/** The smallest that a profile may ask for. */
const triedSize: DiskSize = { megabytes: 16, inodes: undefined };

const otherwise = "use the provider oci, or a profile without disk limits (standard-unlimited-disk)";

/**
 * A container's own layer on a disk of its own: a file with an ext4 file system, mounted over the folder in which overlay2 keeps what
 * the container writes. The file has no name, so the mount is all there is: it ends with the container, whoever removes that.
 */
export interface LayerDisks {
  /** Why there are none for this daemon; undefined when they can be made. */
  obstacle(facts: DaemonFacts, connection: DockerConnection | undefined): Promise<string | undefined>;
  /** Between the container's creation and its start. Idempotent. @throws BerthError `sandbox_create_failed` */
  cover(container: ContainerInspectInfo, size: DiskSize): Promise<void>;
  /** After the start: that the daemon saw the disk. @throws BerthError `capability_missing` when the container writes elsewhere */
  assertTook(container: ContainerInspectInfo): Promise<void>;
  /** That what the container wrote is still there: the disk does not outlive a restart of the machine. @throws BerthError `sandbox_lost` */
  assertKept(container: ContainerInspectInfo): Promise<void>;
  /** After the container's removal: that nothing of the disk is left. @throws BerthError `teardown_failed` */
  assertGone(container: ContainerInspectInfo): Promise<void>;
}

/** @param options.templates a folder on this machine, which gives the disks their room */
export function layerDisks(options: { readonly templates: string; readonly guestBinary: string }): LayerDisks {
  const disk = async (size: DiskSize, ...more: readonly string[]) =>
    runTool(options.guestBinary, ["disk", "--template", await diskTemplate(options.templates, size), ...more]);

  return {
    async obstacle(facts, connection) {
      const why = (await daemonObstacle(facts, connection)) ?? (await diskObstacle());
      if (why !== undefined) return `${why}; ${otherwise}`;
      return disk(triedSize).then(
        () => undefined,
        (thrown: unknown) => `a disk could not be made: ${toBerthError(thrown).message}; ${otherwise}`,
      );
    },

    async cover(container, size) {
      const { folder } = layerOf(container);
      if (!(await isMounted(folder))) await disk(size, "--over", folder);
    },

    async assertTook(container) {
      const { folder, merged } = layerOf(container);
      const [own, root] = await Promise.all([statfs(folder), statfs(merged).catch(() => undefined)]);
      const same = root?.type === OVERLAY_MAGIC && root.blocks === own.blocks && root.files === own.files;
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
      if (await isMounted(folder)) await runTool("umount", [folder]);
      if (await isMounted(folder)) throw new BerthError("teardown_failed", `The disk at ${folder} is still mounted.`);
    },
  };
}

async function daemonObstacle(facts: DaemonFacts, connection: DockerConnection = {}): Promise<string | undefined> {
  if (connection.host !== undefined) return "a disk is mounted on the Docker daemon's own machine, and it is remote";
  if (facts.rootless) return "the Docker daemon is rootless and sees none of the controller's mounts";
  if (facts.storageDriver !== "overlay2")
    return `the Docker daemon's storage driver is ${facts.storageDriver}, and only overlay2 keeps what a container writes in one folder`;
  if (process.getuid?.() !== 0) return "mounting a disk needs root";
  const layers = join(facts.rootDir, "overlay2");
  return access(layers).then(
    () => undefined,
    () => `the Docker daemon's folder ${layers} is not on the controller's machine`,
  );
}

/** The label is empty on what came from a snapshot and has no disk. */
const hasDisk = (container: ContainerInspectInfo): boolean => Boolean(container.Config.Labels[label.disk]);

/** The client's type has those of another driver; some drivers tell nothing. */
const foldersOf = ({ GraphDriver }: ContainerInspectInfo) =>
  (GraphDriver?.Data ?? {}) as Partial<Record<string, string>>;

/** @throws BerthError `sandbox_create_failed` where the daemon does not tell the three folders beneath one */
function layerOf(container: ContainerInspectInfo): { folder: string; merged: string } {
  const { UpperDir, WorkDir, MergedDir } = foldersOf(container);
  const folder = UpperDir === undefined ? "" : dirname(UpperDir);
  const plain = UpperDir === `${folder}/diff` && WorkDir === `${folder}/work` && MergedDir === `${folder}/merged`;
  if (plain && folder.startsWith("/")) return { folder, merged: MergedDir };
  throw new BerthError("sandbox_create_failed", "The Docker daemon does not say where a container's layer is.");
}

async function isMounted(folder: string): Promise<boolean> {
  try {
    const [own, above] = await Promise.all([lstat(folder), lstat(dirname(folder))]);
    return own.dev !== above.dev;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
