import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Container } from "dockerode";
import { extract, pack } from "tar-stream";
import { BerthError } from "../../core/errors.ts";
import type { Daemon } from "./daemon.ts";
import { refusalStatus } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import type { GuestBinary } from "./guest-binary.ts";
import { guestDirectory, guestPath } from "./names.ts";

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

/** The SHA-256 of the guest in a container that mounts its volume; undefined when the volume has none. */
export async function installedHash(daemon: Daemon, helper: Container): Promise<string | undefined> {
  try {
    return await daemon.call("docker cp", deadlines.copy, async (abortSignal) =>
      hashOnlyFile(await helper.getArchive({ path: guestPath, abortSignal })),
    );
  } catch (thrown) {
    if (refusalStatus(thrown) === 404) return undefined;
    throw thrown;
  }
}

/** Copies the guest into the volume that the container mounts. @throws BerthError `sandbox_create_failed` when it arrives changed */
export async function installGuest(daemon: Daemon, helper: Container, guest: GuestBinary): Promise<void> {
  await daemon.call("docker cp", deadlines.copy, async (abortSignal) => {
    const tar = pack();
    // Executable for the tool user too: the guest's probe runs as one.
    tar.entry({ name: "guest", mode: 0o555, uid: 0, gid: 0 }, guest.bytes);
    tar.finalize();
    const reply = await helper.putArchive(Readable.from(tar), { path: guestDirectory, abortSignal });
    await text(reply);
  });
  if ((await installedHash(daemon, helper)) !== guest.sha256) {
    throw new BerthError("sandbox_create_failed", "The guest's binary did not arrive whole in its volume.");
  }
}
