import { crashPoint } from "../../core/crash-point.ts";
import { BerthError } from "../../core/errors.ts";
import type { CallOptions, SandboxHandle, SnapshotStore } from "../provider.ts";
import type { Daemon } from "./daemon.ts";
import { refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { containerOf } from "./find-container.ts";
import type { LayerDisks } from "./layer-disk.ts";
import { label, snapshotReference, snapshotRepository } from "./names.ts";
import type { RemoveSandbox } from "./remove-container.ts";
import { localImage, resolveImage } from "./resolve-image.ts";

/** An image inherits its container's labels: these are blanked, or a container of anyone's would pass for a sandbox. */
export function snapshotLabels(
  key: string,
  { owner, bytes }: { owner: string; bytes: number },
): Record<string, string> {
  return {
    [label.snapshot]: key,
    [label.snapshotOwner]: owner,
    [label.snapshotBytes]: String(bytes),
    [label.sandbox]: "",
    [label.owner]: "",
    [label.purpose]: "",
    [label.incarnation]: "",
    [label.expires]: "",
    [label.disk]: "",
  };
}

/** Between the making of an image and its name the daemon takes milliseconds. */
const NAMELESS_FOR_MS = 10_000;

/** Snapshots as images `berth/snapshot:<key>`: one layer over the image that the sandbox started from. */
export function dockerSnapshots(
  daemon: Daemon,
  imagesDir: string,
  { disks, remove }: { readonly disks: LayerDisks; readonly remove: RemoveSandbox },
): SnapshotStore {
  const { docker } = daemon;
  /** One commit for each key at a time, or the loser's image would stay without a name. */
  const committing = new Map<string, Promise<void>>();

  async function has(key: string): Promise<boolean> {
    return (await localImage(daemon, snapshotReference(key))) !== undefined;
  }

  async function stop(containerId: string, signal?: AbortSignal): Promise<void> {
    try {
      await daemon.call(
        "docker kill",
        deadlines.kill,
        async (abortSignal) => {
          const container = docker.getContainer(containerId);
          // 409: it has ended already.
          await container.kill({ signal: "SIGKILL", abortSignal }).catch((thrown: unknown) => {
            if ((thrown as { statusCode?: unknown }).statusCode !== 409) throw thrown;
          });
          await container.wait({ condition: "not-running", abortSignal });
        },
        signal,
      );
    } catch (thrown) {
      throw refusedAs("sandbox_lost", "stop the sandbox before its snapshot", thrown);
    }
  }

  /** Of what a container wrote; the daemon reads its whole layer for that. */
  async function writtenBytes(containerId: string, signal?: AbortSignal): Promise<number> {
    const filters = JSON.stringify({ id: [containerId] });
    try {
      const [found] = await daemon.call(
        "docker ps --size",
        deadlines.commit,
        (abortSignal) => docker.listContainers({ all: true, size: true, filters, abortSignal }),
        signal,
      );
      return (found as { SizeRw?: number } | undefined)?.SizeRw ?? 0;
    } catch (thrown) {
      throw refusedAs("provider_unavailable", "read the size of a container", thrown);
    }
  }

  async function commitContainer(containerId: string, key: string, owner: string, signal?: AbortSignal): Promise<void> {
    const labels = snapshotLabels(key, { owner, bytes: await writtenBytes(containerId, signal) });
    const query = { repo: snapshotRepository, tag: key, comment: "berth snapshot", pause: false };
    try {
      await daemon.call(
        "docker commit",
        deadlines.commit,
        (abortSignal) =>
          docker.getContainer(containerId).commit({
            _query: { container: containerId, ...query },
            _body: { Labels: labels },
            abortSignal,
          }),
        signal,
      );
    } catch (thrown) {
      if (refusalStatus(thrown) === 404)
        throw new BerthError("sandbox_lost", "The sandbox is gone.", { cause: thrown });
      throw refusedAs("provider_unavailable", "keep the snapshot", thrown);
    }
  }

  async function commit(handle: SandboxHandle, key: string, options: CallOptions): Promise<void> {
    const container = await containerOf(daemon, handle, options.signal);
    if (!(await has(key))) {
      if (container === undefined) throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is gone.`);
      await disks.assertKept(container);
      await stop(container.Id, options.signal);
      options.onProgress?.("Keeping the snapshot");
      await commitContainer(container.Id, key, handle.labels.owner, options.signal);
      crashPoint("docker.snapshot-named");
    }
    if (container !== undefined) await remove(container);
  }

  async function images(filters: Record<string, string[]>) {
    try {
      return await daemon.call("docker images", deadlines.ask, (abortSignal) =>
        docker.listImages({ filters: JSON.stringify(filters), abortSignal }),
      );
    } catch (thrown) {
      throw refusedAs("provider_unavailable", "list images", thrown);
    }
  }

  async function removeImage(reference: string, force: boolean): Promise<void> {
    try {
      await daemon.call("docker rmi", deadlines.remove, (abortSignal) =>
        docker.getImage(reference).remove({ force, abortSignal }),
      );
    } catch (thrown) {
      // 409: sandboxes still run from it; without its name it is removed by a later sweep.
      const status = refusalStatus(thrown);
      if (status !== 404 && status !== 409) throw refusedAs("provider_unavailable", "remove a snapshot", thrown);
    }
  }

  /** Snapshots whose name was removed while sandboxes ran from them. Another one that is being committed, by whomever, has no name yet either. */
  async function sweepNameless(key: string): Promise<void> {
    for (const image of await images({ label: [label.snapshot], dangling: ["true"] })) {
      const isOld = Date.now() - image.Created * 1000 > NAMELESS_FOR_MS;
      if (isOld || image.Labels?.[label.snapshot] === key) await removeImage(image.Id, false);
    }
  }

  return {
    resolveImage: (name, options) => resolveImage(daemon, imagesDir, name, options),
    has,
    async commit(handle, key, options = {}) {
      const before = committing.get(key) ?? Promise.resolve();
      const mine = before.catch(() => undefined).then(() => commit(handle, key, options));
      committing.set(key, mine);
      try {
        await mine;
      } finally {
        if (committing.get(key) === mine) committing.delete(key);
      }
    },
    async list() {
      const found = await images({ label: [label.snapshot], reference: [snapshotRepository] });
      return found.flatMap((image) => {
        const key = image.Labels?.[label.snapshot];
        if (!key) return [];
        const bytes = Number(image.Labels[label.snapshotBytes] ?? 0);
        const owner = image.Labels[label.snapshotOwner] ?? null;
        return [{ key, createdAtMs: image.Created * 1000, bytes, owner }];
      });
    },
    async remove(key) {
      await removeImage(snapshotReference(key), true);
      await sweepNameless(key);
    },
  };
}
