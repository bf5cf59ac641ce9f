import type { CallOptions } from "../provider.ts";
import type { Daemon } from "./daemon.ts";
import { DaemonRefusal, DaemonStepFailure } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { followProgress } from "./progress.ts";

export type PullOutcome =
  | { readonly status: "pulled" }
  /** The registry answered that it has no such image, or that we may not have it. */
  | { readonly status: "refused"; readonly reason: string }
  /** No registry answered. */
  | { readonly status: "unreachable"; readonly reason: string };

const registrySaidNo =
  /not found|manifest unknown|access denied|authentication required|unauthorized|invalid reference|name unknown/i;

/** A reference without tag or digest means `latest`; the daemon would pull every tag. */
export function withTag(reference: string): string {
  const lastPart = reference.slice(reference.lastIndexOf("/") + 1);
  return lastPart.includes(":") || reference.includes("@") ? reference : `${reference}:latest`;
}

/** @throws BerthError `provider_unavailable`, `deadline_exceeded` */
export async function pullImage(daemon: Daemon, reference: string, options: CallOptions = {}): Promise<PullOutcome> {
  const { onProgress = () => undefined, signal } = options;
  try {
    await daemon.call(
      `docker pull ${reference}`,
      deadlines.pull,
      async (abortSignal) => {
        onProgress(`Pulling ${reference}`);
        await followProgress(
          await daemon.docker.createImage({ fromImage: withTag(reference), abortSignal }),
          onProgress,
        );
      },
      signal,
    );
    return { status: "pulled" };
  } catch (thrown) {
    if (!(thrown instanceof DaemonStepFailure || thrown instanceof DaemonRefusal)) throw thrown;
    const status = registrySaidNo.test(thrown.message) ? "refused" : "unreachable";
    return { status, reason: thrown.message };
  }
}
