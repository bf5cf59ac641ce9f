import { crashPoint } from "../../core/crash-point.ts";
import { BerthError, toBerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Runtime } from "../../model/profile.ts";
import { diskSize, type DiskSize } from "../disk.ts";
import { assertEnforceable } from "../enforce.ts";
import type { CallOptions, Provider, SandboxHandle, SandboxSpec } from "../provider.ts";
import { sameSandbox } from "../same-sandbox.ts";
import { containerConfig } from "./container-config.ts";
import type { Daemon } from "./daemon.ts";
import { DaemonRefusal, refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { containerOf, inspectContainer } from "./find-container.ts";
import type { GuestVolume } from "./guest-volume.ts";
import type { LayerDisks } from "./layer-disk.ts";
import { containerName, handleOf, providerName, snapshotReference } from "./names.ts";
import type { DaemonFacts } from "./probe.ts";
import type { RemoveSandbox } from "./remove-container.ts";
import { loadSeccomp } from "./seccomp.ts";
import { keepTmp } from "./tmp-folder.ts";

interface Parts {
  readonly daemon: Daemon;
  readonly facts: DaemonFacts;
  readonly capabilities: Provider["capabilities"];
  readonly seccompDir: string;
  readonly guest: GuestVolume;
  readonly disks: LayerDisks;
  readonly remove: RemoveSandbox;
  readonly log: Logger;
}

/** Someone pruned the volume: the daemon then mounts an empty one of the same name. */
class GuestMissing extends Error {}

function missingBase(spec: SandboxSpec, cause: unknown): BerthError {
  const { base } = spec;
  if (base.kind === "image") {
    return new BerthError("image_not_found", `The Docker daemon no longer has the image ${base.image.name}.`, {
      cause,
    });
  }
  return new BerthError("sandbox_create_failed", `The Docker daemon does not have the snapshot ${base.key}.`, {
    cause,
    remedy: "Build the environment again: `berth env build NAME`.",
  });
}

/** How the docker provider creates a sandbox: idempotent by id, leaving nothing behind when it fails. */
export function createSandbox(parts: Parts): (spec: SandboxSpec, options?: CallOptions) => Promise<SandboxHandle> {
  const { daemon, guest, disks, remove, log } = parts;
  const inFlight = new Map<string, Promise<void>>();

  /** The container's id, and whether it is this call's to start. */
  async function claim(
    spec: SandboxSpec,
    handle: SandboxHandle,
    image: string,
  ): Promise<{ id: string; start: boolean }> {
    const { cgroupVersion, architecture: machine } = parts.facts;
    const { runtime } = spec.profile;
    const seccomp = await loadSeccomp(parts.seccompDir, spec.profile.seccomp, { runtime, machine });
    const config = containerConfig(spec, { image, guestVolume: guest.name, seccomp, cgroupVersion });
    try {
      const made = await daemon.call("docker create", deadlines.create, (abortSignal) =>
        daemon.docker.createContainer({ ...config, abortSignal }),
      );
      return { id: made.id, start: true };
    } catch (thrown) {
      if (refusalStatus(thrown) === 404) throw missingBase(spec, thrown);
      if (refusalStatus(thrown) !== 409) throw thrown;
    }
    const found = await inspectContainer(daemon, containerName(spec.id));
    if (found === undefined)
      throw new BerthError("sandbox_create_failed", `The sandbox ${spec.id} vanished while it was created.`);
    if (!sameSandbox(handle, handleOf(found.Config.Labels))) {
      throw new BerthError("sandbox_create_failed", `The id ${spec.id} is taken by another sandbox.`);
    }
    // One that has ended is never started again: that would hide its death.
    return { id: found.Id, start: found.State.Status === "created" };
  }

  async function removeIfThere(container: string): Promise<void> {
    const found = await inspectContainer(daemon, container);
    if (found !== undefined) await remove(found);
  }

  /** What cannot be removed now carries its owner's label; the caller must learn why the create failed. */
  async function removeLeftover(containerId: string): Promise<void> {
    await removeIfThere(containerId).catch((failure: unknown) => {
      log.error({ container: containerId, err: failure }, "a container that failed to start could not be removed");
    });
  }

  async function start(containerId: string, runtime: Runtime): Promise<void> {
    try {
      if (runtime === "runsc") await keepTmp(daemon, containerId);
      await daemon.call("docker start", deadlines.start, (abortSignal) =>
        daemon.docker.getContainer(containerId).start({ abortSignal }),
      );
    } catch (thrown) {
      // 304: another controller was faster.
      if (refusalStatus(thrown) === 304) return;
      await removeLeftover(containerId);
      if (thrown instanceof DaemonRefusal && /no such file/i.test(thrown.message))
        throw new GuestMissing(thrown.message);
      throw thrown;
    }
  }

  /** A limit that did not take fails the create, and what was started goes. */
  async function startOnDisk(containerId: string, runtime: Runtime, size: DiskSize): Promise<void> {
    try {
      const container = await inspectContainer(daemon, containerId);
      if (container === undefined) throw new BerthError("sandbox_create_failed", "The container vanished.");
      await disks.cover(container, size);
      crashPoint("docker.disk-covered");
      await start(containerId, runtime);
      crashPoint("docker.container-started");
      await disks.assertTook(container).catch(async (thrown: unknown) => {
        // One that has ended writes nowhere; whoever connects to it learns of its death.
        if ((await inspectContainer(daemon, containerId))?.State.Running === true) throw thrown;
      });
    } catch (thrown) {
      await removeLeftover(containerId);
      throw thrown;
    }
  }

  async function attempt(spec: SandboxSpec, handle: SandboxHandle): Promise<void> {
    const image = spec.base.kind === "image" ? spec.base.image.location : snapshotReference(spec.base.key);
    await guest.ensure(image).catch((thrown: unknown) => {
      throw refusalStatus(thrown) === 404 ? missingBase(spec, thrown) : thrown;
    });
    const size = diskSize(providerName, spec.resources);
    const { id, start: mine } = await claim(spec, handle, image);
    if (!mine) return;
    crashPoint("docker.container-made");
    if (size === undefined) await start(id, spec.profile.runtime);
    else await startOnDisk(id, spec.profile.runtime, size);
  }

  async function make(spec: SandboxSpec, handle: SandboxHandle): Promise<void> {
    try {
      await attempt(spec, handle).catch(async (thrown: unknown) => {
        if (!(thrown instanceof GuestMissing)) throw thrown;
        log.warn({ volume: guest.name }, "the volume with the guest was empty; installing it again");
        guest.forget();
        await attempt(spec, handle);
      });
    } catch (thrown) {
      // The daemon may have gone on with a request that was not waited for.
      const left =
        refusalStatus(thrown) === undefined ? await containerOf(daemon, handle).catch(() => undefined) : undefined;
      if (left?.State.Status === "created") await removeLeftover(left.Id);
      throw toBerthError(
        refusedAs("sandbox_create_failed", `start the sandbox ${spec.id}`, thrown),
        "sandbox_create_failed",
      );
    }
  }

  return async (spec, { signal } = {}) => {
    assertEnforceable(providerName, parts.capabilities, spec);
    signal?.throwIfAborted();
    const handle: SandboxHandle = { id: spec.id, provider: providerName, labels: { ...spec.labels } };
    const key = JSON.stringify(handle);
    let making = inFlight.get(key);
    if (making === undefined) {
      making = make(spec, handle).finally(() => inFlight.delete(key));
      inFlight.set(key, making);
    }
    // The daemon goes on when a request is broken off, so an aborted create is seen through and then undone.
    await making;
    if (signal?.aborted) {
      await removeIfThere(containerName(spec.id));
      throw signal.reason;
    }
    return handle;
  };
}
