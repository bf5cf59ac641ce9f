import type { Container } from "dockerode";
import type { Clock } from "../../core/clock.ts";
import type { Daemon } from "./daemon.ts";
import { refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { crashPoint } from "../../core/crash-point.ts";
import { installedHash, installGuest } from "./guest-archive.ts";
import type { GuestBinary } from "./guest-binary.ts";
import { guestDirectory, guestPath, label } from "./names.ts";
import { removeContainer } from "./remove-container.ts";

/**
 * The guest's binary inside the daemon: a volume named after its SHA-256, which every sandbox mounts read-only. It works
 * with a remote daemon, no snapshot holds a guest, nothing in a sandbox can replace it, and all sandboxes share its pages.
 */
export interface GuestVolume {
  readonly name: string;
  /**
   * Makes sure that the volume holds the binary; once for each life of the controller.
   * @param image any image that the daemon has: a container needs one, though it is never started
   */
  ensure(image: string): Promise<void>;
  /** The volume turned out to be empty: the next `ensure` looks again. */
  forget(): void;
}

/** Another controller that installs the same binary holds the helper's name for less than this. */
const helperPatienceMs = 15_000;
const helperPollMs = 200;
const oldGuestMs = 3_600_000;

/** The client's type lacks the time. */
interface VolumeEntry {
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly CreatedAt?: string;
}

/**
 * Removes the volumes of other guests that no sandbox uses. One that another controller needs after all is made again by
 * it; a young one is left alone, to spare it that.
 */
async function removeOldGuests(daemon: Daemon, guest: GuestBinary, clock: Clock): Promise<void> {
  const filters = JSON.stringify({ label: [label.guest], dangling: ["true"] });
  const { Volumes: unused } = await daemon.call("docker volume ls", deadlines.ask, (abortSignal) =>
    daemon.docker.listVolumes({ filters, abortSignal }),
  );
  for (const { Name, Labels, CreatedAt } of unused as readonly VolumeEntry[]) {
    const young = clock.now() - Date.parse(CreatedAt ?? "") < oldGuestMs;
    if (young || Labels?.[label.guest] === guest.sha256) continue;
    const remove = (abortSignal: AbortSignal) => daemon.docker.getVolume(Name).remove({ abortSignal });
    await daemon.call("docker volume rm", deadlines.remove, remove).catch((thrown: unknown) => {
      // 404 and 409: gone, or in use by now.
      if (refusalStatus(thrown) === undefined) throw thrown;
    });
  }
}

export function guestVolume(daemon: Daemon, guest: GuestBinary, clock: Clock): GuestVolume {
  const name = `berth-guest-${guest.sha256.slice(0, 32)}`;
  const labels = { [label.guest]: guest.sha256 };
  let ready: Promise<void> | undefined;

  async function createHelper(image: string): Promise<Container> {
    const until = clock.monotonic() + helperPatienceMs;
    for (;;) {
      try {
        return await daemon.call("docker create", deadlines.create, (abortSignal) =>
          daemon.docker.createContainer({
            // The name is a lock between controllers that install the same binary.
            name,
            Image: image,
            Entrypoint: [guestPath],
            Cmd: ["version"],
            Labels: labels,
            HostConfig: {
              NetworkMode: "none",
              LogConfig: { Type: "none", Config: {} },
              Mounts: [
                {
                  Type: "volume",
                  Source: name,
                  Target: guestDirectory,
                  VolumeOptions: { NoCopy: true, Labels: labels, DriverConfig: { Name: "local", Options: {} } },
                },
              ],
            },
            abortSignal,
          }),
        );
      } catch (thrown) {
        if (refusalStatus(thrown) !== 409) throw thrown;
        if (clock.monotonic() >= until) await removeContainer(daemon, name, clock);
        else await clock.sleep(helperPollMs);
      }
    }
  }

  async function run(image: string): Promise<void> {
    try {
      const helper = await createHelper(image);
      crashPoint("docker.helper-made");
      try {
        if ((await installedHash(daemon, helper)) !== guest.sha256) {
          await installGuest(daemon, helper, guest);
          await removeOldGuests(daemon, guest, clock);
        }
      } finally {
        await removeContainer(daemon, helper.id, clock);
      }
    } catch (thrown) {
      if (refusalStatus(thrown) === 404) throw thrown;
      throw refusedAs("sandbox_create_failed", "store the guest's binary", thrown);
    }
  }

  return {
    name,
    async ensure(image) {
      ready ??= run(image).catch((thrown: unknown) => {
        ready = undefined;
        throw thrown;
      });
      await ready;
    },
    forget: () => {
      ready = undefined;
    },
  };
}
