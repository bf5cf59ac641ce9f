import type { ContainerInspectInfo } from "dockerode";
import type { Clock } from "../../core/clock.ts";
import { crashPoint } from "../../core/crash-point.ts";
import { BerthError } from "../../core/errors.ts";
import type { Daemon } from "./daemon.ts";
import { refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import type { LayerDisks } from "./layer-disk.ts";

const firstPauseMs = 50;
const longestPauseMs = 2000;

async function exists(daemon: Daemon, container: string): Promise<boolean> {
  try {
    await daemon.call("docker inspect", deadlines.ask, (abortSignal) =>
      daemon.docker.getContainer(container).inspect({ abortSignal }),
    );
    return true;
  } catch (thrown) {
    if (refusalStatus(thrown) === 404) return false;
    throw thrown;
  }
}

/**
 * Kills and removes a container and its own volumes, by id or name; resolves only when the daemon no longer knows it.
 * One that is gone, or is being removed by someone else, is fine.
 * @throws BerthError `teardown_failed` when it still exists at the deadline
 */
export async function removeContainer(daemon: Daemon, container: string, clock: Clock): Promise<void> {
  const until = clock.monotonic() + deadlines.teardown;
  let last: unknown;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      await daemon.call("docker rm", deadlines.remove, (abortSignal) =>
        daemon.docker.getContainer(container).remove({ force: true, v: true, abortSignal }),
      );
    } catch (thrown) {
      if (refusalStatus(thrown) === 404) return;
      last = thrown;
    }
    try {
      if (!(await exists(daemon, container))) return;
    } catch (thrown) {
      last = thrown;
    }
    if (clock.monotonic() >= until || (last instanceof BerthError && last.code === "provider_unavailable")) break;
    await clock.sleep(pauseMs);
  }
  const cause = refusedAs("teardown_failed", "remove it", last);
  const reason = cause instanceof Error ? cause.message : "it still exists.";
  throw new BerthError("teardown_failed", `The container ${container} could not be removed: ${reason}`, { cause });
}

/** Removes a sandbox's container and verifies that nothing of it is left. @throws BerthError `teardown_failed` */
export type RemoveSandbox = (container: ContainerInspectInfo) => Promise<void>;

export function sandboxRemover(daemon: Daemon, disks: LayerDisks, clock: Clock): RemoveSandbox {
  return async (container) => {
    await removeContainer(daemon, container.Id, clock);
    crashPoint("docker.container-removed");
    await disks.assertGone(container);
  };
}
