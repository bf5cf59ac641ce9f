import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { SandboxState } from "../provider.ts";
import { containerName } from "./names.ts";

/** What a container was ended for when it was the kernel, for lack of memory. */
const outOfMemory = "OOMKilled";

/**
 * How the kubelet says that a pod wrote more than its own limits allow, which is the policy's doing. A node that lacks room for reasons of its own says
 * `The node was low on resource` instead.
 */
const beyondOwnLimits =
  /exceed(?:s|ed) (?:the total|its) (?:limit of containers|local ephemeral storage limit)|EmptyDir volume .* exceeds the limit/i;

/** A pod's state as the port names it. */
export function stateOf(pod: V1Pod | undefined): SandboxState {
  if (pod === undefined) return { status: "gone" };
  const { reason = "", message = "", phase } = pod.status ?? {};
  const state = statusOf(pod, containerName)?.state;
  if (state?.terminated !== undefined) {
    const { exitCode, reason: why } = state.terminated;
    return { status: "exited", code: exitCode, oom: why === outOfMemory || isOverOwnLimits(reason, message) };
  }
  if (phase === "Failed" || phase === "Succeeded")
    return { status: "exited", code: null, oom: isOverOwnLimits(reason, message) };
  // Whoever asked for its end, a drain or a lost node: nobody can count on it any more.
  if (pod.metadata?.deletionTimestamp !== undefined) return { status: "exited", code: null, oom: false };
  // The kernel's kills in a sandbox that goes on are counted by the guest.
  if (state?.running !== undefined) return { status: "running", oomKills: null };
  // Made and not started: its creator died in between, or it is still coming up for another.
  return { status: "exited", code: null, oom: false };
}

export const statusOf = (pod: V1Pod, container: string): V1ContainerStatus | undefined =>
  [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
    ({ name }) => name === container,
  );

const isOverOwnLimits = (reason: string, message: string): boolean =>
  reason === "Evicted" && beyondOwnLimits.test(message);
