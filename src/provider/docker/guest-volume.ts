import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Container } from "dockerode";
import { extract, pack } from "tar-stream";
import type { Clock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";
import type { Daemon } from "./daemon.ts";
import { refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
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

/** The SHA-256 of the only file in a tar stream. */
async function hashOnlyFile(tar: NodeJS.ReadableStream): Promise<string | undefined> {
  const entries = extract();
  tar.on("error", (error: Error) => entries.destroy(error));
  tar.pipe(entries);
  let sha256: string | undefined;
  for await (const entry of entries) {
    const hash = createHash("sha256");
    for await (const chunk of entry) hash.update(chunk as Buffer);
    if (entry.header.type === "file") sha256 = hash.digest("hex");
  }
  return sha256;
}

async function installedHash(daemon: Daemon, helper: Container): Promise<string | undefined> {
  try {
    return await daemon.call("docker cp", deadlines.copy, async (abortSignal) =>
      hashOnlyFile(await helper.getArchive({ path: guestPath, abortSignal })),
    );
  } catch (thrown) {
    if (refusalStatus(thrown) === 404) return undefined;
    throw thrown;
  }
}

async function install(daemon: Daemon, helper: Container, guest: GuestBinary): Promise<void> {
  if ((await installedHash(daemon, helper)) === guest.sha256) return;
  await daemon.call("docker cp", deadlines.copy, async (abortSignal) => {
    const tar = pack();
    tar.entry({ name: "guest", mode: 0o500, uid: 0, gid: 0 }, guest.bytes);
    tar.finalize();
    const reply = await helper.putArchive(Readable.from(tar), { path: guestDirectory, abortSignal });
    await text(reply);
  });
  if ((await installedHash(daemon, helper)) !== guest.sha256) {
    throw new BerthError("sandbox_create_failed", "The guest's binary did not arrive whole in its volume.");
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
      try {
        await install(daemon, helper, guest);
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
