import type { ContainerInspectInfo } from "dockerode";
import type { SandboxHandle } from "../provider.ts";
import { sameSandbox } from "../same-sandbox.ts";
import type { Daemon } from "./daemon.ts";
import { refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { containerName, handleOf } from "./names.ts";

/** The container with this id or name; undefined when there is none. @throws BerthError `provider_unavailable` */
export async function inspectContainer(
  daemon: Daemon,
  container: string,
  signal?: AbortSignal,
): Promise<ContainerInspectInfo | undefined> {
  try {
    return await daemon.call(
      "docker inspect",
      deadlines.ask,
      (abortSignal) => daemon.docker.getContainer(container).inspect({ abortSignal }),
      signal,
    );
  } catch (thrown) {
    if (refusalStatus(thrown) === 404) return undefined;
    throw refusedAs("provider_unavailable", "inspect a container", thrown);
  }
}

/** The container of exactly this sandbox: one that was made later under the same id does not count. */
export async function containerOf(
  daemon: Daemon,
  handle: SandboxHandle,
  signal?: AbortSignal,
): Promise<ContainerInspectInfo | undefined> {
  const found = await inspectContainer(daemon, containerName(handle.id), signal);
  return found !== undefined && sameSandbox(handle, handleOf(found.Config.Labels)) ? found : undefined;
}
