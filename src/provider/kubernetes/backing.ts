import type { V1Pod } from "@kubernetes/client-node";
import type { SandboxHandle, SandboxSpec } from "../provider.ts";

/** One way in which sandboxes come to have pods. */
export interface Backing {
  /**
   * Asks for a pod, or finds that it was asked for before, and waits until its guest was started; the watch knows what is there. What a failure leaves is for `remove`.
   * @throws BerthError, ApiRefusal
   */
  start(spec: SandboxSpec, handle: SandboxHandle): Promise<void>;
  /** The pod of exactly this sandbox. What the watch does not have may be newer than that: the API server is asked. */
  podOf(handle: SandboxHandle, signal?: AbortSignal): Promise<V1Pod | undefined>;
  /**
   * Resolves when the node has ended all of the sandbox's pod and the API server has no such pod any more. Fine when there is none.
   * @throws BerthError `teardown_failed` when it is there after 110 s, as on a node that is lost
   */
  remove(handle: SandboxHandle): Promise<void>;
  /** Every sandbox of this owner that has one, or will. */
  list(owner: string): Promise<readonly SandboxHandle[]>;
}
