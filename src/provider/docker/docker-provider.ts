import { resolve } from "node:path";
import type { Duplex } from "node:stream";
import { systemClock, type Clock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { noImageCopies, type Provider } from "../provider.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { createSandbox } from "./create-sandbox.ts";
import { connectDaemon, type DockerConnection } from "./daemon.ts";
import { refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { dialGuest } from "./dial.ts";
import { containerOf } from "./find-container.ts";
import { guestVolume } from "./guest-volume.ts";
import { layerDisks } from "./layer-disk.ts";
import { handleOf, label, providerName } from "./names.ts";
import { observeContainer } from "./observe.ts";
import { meetDaemon } from "./probe.ts";
import { dockerResidue } from "./residue.ts";
import { sandboxRemover } from "./remove-container.ts";
import { dockerSnapshots } from "./snapshots.ts";
import { stateOf } from "./state.ts";

const OOM_LOOKS = 5;
const OOM_PAUSE_MS = 100;

export interface DockerProviderOptions {
  /** The local socket unless it names another daemon; the process environment is not looked at. */
  readonly docker?: DockerConnection | undefined;
  /** Holds the templates of disks, and the room that the disks themselves take. */
  readonly dataDir: string;
  /** Path of the static guest, built for the architecture of the daemon's machine. */
  readonly guestBinary: string;
  /** The folder with `<seccomp profile>.json`. */
  readonly seccompDir: string;
  /** The folder images/: a name of one of its folders stands for the image built from it. */
  readonly imagesDir: string;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
}

/**
 * Sandboxes as containers of a Docker daemon, local or remote.
 * @throws BerthError `provider_unavailable` when the daemon does not answer, or cannot run the guest
 */
export async function createDockerProvider(options: DockerProviderOptions): Promise<Provider> {
  const { seccompDir, imagesDir, clock = systemClock } = options;
  const log = options.log.child({ provider: providerName });
  const daemon = connectDaemon(options.docker);
  const { facts, guest } = await meetDaemon(daemon, options.guestBinary).catch((thrown: unknown) => {
    daemon.close();
    throw thrown;
  });
  const disks = layerDisks({
    templates: resolve(options.dataDir, "docker/disks"),
    guestBinary: resolve(options.guestBinary),
  });
  const capabilities = capabilitiesOf(facts, await disks.obstacle(facts, options.docker));
  const remove = sandboxRemover(daemon, disks, clock);
  const create = createSandbox({
    daemon,
    facts,
    capabilities,
    seccompDir,
    guest: guestVolume(daemon, guest, clock),
    disks,
    remove,
    log,
  });
  const streams = new Set<Duplex>();

  return {
    name: providerName,
    capabilities,
    snapshots: dockerSnapshots(daemon, imagesDir, { disks, remove }),
    imageCopies: noImageCopies,
    create,

    async connect(handle, { signal } = {}) {
      const container = await containerOf(daemon, handle, signal);
      if (container === undefined || !container.State.Running) {
        throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is not running.`);
      }
      const stream = await dialGuest(daemon, container, signal);
      streams.add(stream);
      stream.once("close", () => streams.delete(stream));
      return stream;
    },

    async inspect(handle) {
      // The daemon may hear of a lack of memory after it heard of the end that came of it.
      for (let looks = OOM_LOOKS; ; looks--) {
        const state = stateOf(await containerOf(daemon, handle));
        if (state.status !== "exited" || state.oom || !state.code || looks === 0) return state;
        await clock.sleep(OOM_PAUSE_MS);
      }
    },

    async observe(handle, { signal } = {}) {
      const container = await containerOf(daemon, handle, signal);
      if (container === undefined || !container.State.Running) {
        throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is not running.`);
      }
      return await observeContainer(container);
    },

    async destroy(handle) {
      let container;
      try {
        container = await containerOf(daemon, handle);
      } catch (cause) {
        throw new BerthError("teardown_failed", `The sandbox ${handle.id} could not be removed: ${String(cause)}`, {
          cause,
        });
      }
      if (container !== undefined) await remove(container);
    },

    async list(owner) {
      const filters = JSON.stringify({ label: [`${label.owner}=${owner}`] });
      try {
        const found = await daemon.call("docker ps", deadlines.ask, (abortSignal) =>
          daemon.docker.listContainers({ all: true, filters, abortSignal }),
        );
        return found.flatMap((container) => handleOf(container.Labels) ?? []);
      } catch (thrown) {
        throw refusedAs("provider_unavailable", "list containers", thrown);
      }
    },

    residue: (owner) => dockerResidue(daemon, owner, clock.now()),

    async close() {
      for (const stream of streams) stream.destroy();
      daemon.close();
    },
  };
}
