import type { Duplex } from "node:stream";
import type { ContainerInspectInfo } from "dockerode";
import { BerthError } from "../../core/errors.ts";
import type { Daemon } from "./daemon.ts";
import { refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { ExecStream } from "./exec-stream.ts";
import { guestAddress, guestPath } from "./names.ts";

/**
 * Opens a stream to the guest: one exec of `guest dial`, whatever is done on the stream afterwards. It ends when the
 * stream is destroyed, and the stream ends with the sandbox.
 * @throws BerthError `sandbox_lost` when the container does not run
 */
export async function dialGuest(
  daemon: Daemon,
  { Id: containerId, HostConfig }: ContainerInspectInfo,
  signal?: AbortSignal,
): Promise<Duplex> {
  try {
    const exec = await daemon.call(
      "docker exec",
      deadlines.dial,
      (abortSignal) =>
        daemon.docker.getContainer(containerId).exec({
          Cmd: [guestPath, "dial", guestAddress],
          User: "0:0",
          WorkingDir: "/",
          AttachStdin: true,
          AttachStdout: true,
          AttachStderr: true,
          Tty: false,
          abortSignal,
        }),
      signal,
    );
    const socket = await daemon.call(
      "docker exec start",
      deadlines.dial,
      (abortSignal) => exec.start({ hijack: true, stdin: true, Tty: false, abortSignal }),
      signal,
    );
    const stream = new ExecStream(socket);
    if (HostConfig.Runtime === "runsc") endWith(daemon, containerId, stream);
    return stream;
  } catch (thrown) {
    const status = refusalStatus(thrown);
    const stopped = status === 500 && thrown instanceof Error && thrown.message.includes("is not running");
    if (status === 404 || status === 409 || stopped) {
      throw new BerthError("sandbox_lost", "The sandbox's container is not running.", { cause: thrown });
    }
    throw refusedAs("provider_unavailable", "open a stream into the sandbox", thrown);
  }
}

/** Under gVisor an exec may outlive the sandbox that it was in, and nothing on its stream would say that it is gone. */
function endWith(daemon: Daemon, containerId: string, stream: Duplex): void {
  const closed = new AbortController();
  stream.once("close", () => closed.abort());
  const end = () => stream.destroy();
  daemon.patient
    .getContainer(containerId)
    .wait({ condition: "not-running", abortSignal: closed.signal })
    .then(end, end);
}
