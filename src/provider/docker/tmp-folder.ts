import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { Daemon } from "./daemon.ts";
import { refusalStatus } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";

const placeholder = ".berth";

/**
 * Lets a container that is not started yet keep its /tmp under gVisor, which covers an empty one with memory: what is written there would
 * end the sandbox for lack of it, where on the disk it is refused for lack of room. An image without /tmp stays as it is.
 */
export async function keepTmp(daemon: Daemon, containerId: string): Promise<void> {
  try {
    await daemon.call("docker cp", deadlines.copy, async (abortSignal) => {
      const tar = pack();
      tar.entry({ name: placeholder, type: "directory", mode: 0o700, uid: 0, gid: 0 });
      tar.finalize();
      const container = daemon.docker.getContainer(containerId);
      await text(await container.putArchive(Readable.from(tar), { path: "/tmp", abortSignal }));
    });
  } catch (thrown) {
    if (refusalStatus(thrown) !== 404) throw thrown;
  }
}
