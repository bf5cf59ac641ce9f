import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { BerthError } from "../../core/errors.ts";
import type { SandboxSpec } from "../provider.ts";
import { containerName, doorName, installName } from "./names.ts";
import { statusOf } from "./pod-state.ts";

/** The registry has been asked and will say the same again. */
const noSuchImage =
  /not found|manifest unknown|name unknown|repository does not exist|access denied|unauthorized|forbidden|no match for platform|invalid reference/i;

const pulling = new Set(["ErrImagePull", "ImagePullBackOff"]);
const noImage = new Set(["InvalidImageName", "ErrImageNeverPull", "ImageInspectError"]);
const cannotStart = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "CrashLoopBackOff",
]);

/** Why a pod will not become a sandbox; undefined as long as it may. */
export function startFailure(pod: V1Pod, spec: SandboxSpec): BerthError | undefined {
  const { phase, reason = "", message = "" } = pod.status ?? {};
  for (const name of [containerName, doorName, installName]) {
    const failure = ofContainer(statusOf(pod, name), spec);
    if (failure !== undefined) return failure;
  }
  if (phase === "Failed") {
    return failed(spec, `the node gave it up: ${reason || "Failed"}${message === "" ? "" : `: ${message}`}`);
  }
  return undefined;
}

function ofContainer(status: V1ContainerStatus | undefined, spec: SandboxSpec): BerthError | undefined {
  const waiting = status?.state?.waiting;
  if (status === undefined || waiting === undefined) return ofInit(status, spec);
  const { reason = "", message = "" } = waiting;
  if (noImage.has(reason) || (pulling.has(reason) && noSuchImage.test(message)))
    return missingImage(status.name, spec, `${reason}: ${message}`);
  // The first time may have been the network's fault; the kubelet has tried again by now.
  if (reason === "ImagePullBackOff")
    return missingImage(status.name, spec, `${reason}: ${message}`, { isPassing: true });
  return cannotStart.has(reason) ? failed(spec, `${status.name}: ${reason}: ${message}`) : undefined;
}

/** One that ended before its turn was over. The sandbox's own end is its state, and for whoever connects to learn. */
function ofInit(status: V1ContainerStatus | undefined, spec: SandboxSpec): BerthError | undefined {
  const ended = status?.state?.terminated ?? status?.lastState?.terminated;
  if (status === undefined || ended === undefined) return undefined;
  const never = ended.reason === "StartError" || ended.reason === "ContainerCannotRun";
  if (status.name === containerName) {
    return never ? failed(spec, `${status.name}: ${ended.reason}: ${ended.message ?? ""}`) : undefined;
  }
  if (ended.exitCode === 0) return undefined;
  return failed(spec, `${status.name} ended with ${ended.exitCode}: ${ended.reason ?? ""} ${ended.message ?? ""}`);
}

function missingImage(
  container: string,
  { id, base }: SandboxSpec,
  why: string,
  { isPassing = false } = {},
): BerthError {
  if (container !== containerName) {
    return new BerthError("sandbox_create_failed", `The guest's image cannot be pulled for ${id}: ${why}`, {
      remedy: "Push the guest's image to where kubernetes_guest_image says, and see that nodes may pull it.",
    });
  }
  if (base.kind === "snapshot") {
    return new BerthError("sandbox_create_failed", `The snapshot ${base.key} cannot be pulled: ${why}`, {
      remedy: "Build the environment again: `berth env build NAME`.",
    });
  }
  return new BerthError(
    isPassing ? "sandbox_create_failed" : "image_not_found",
    `The image ${base.image.name} cannot be pulled: ${why}`,
    { remedy: "See that the image is in its registry and that nodes may pull it: kubernetes_image_pull_secrets." },
  );
}

/** What a pod waits for, for the message of a start that took too long. */
export function whyWaiting(pod: V1Pod | undefined): string {
  if (pod === undefined) return "the API server does not show it";
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
  if (unscheduled !== undefined) return `no node takes it: ${unscheduled.reason}: ${unscheduled.message ?? ""}`;
  const waiting = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].flatMap(
    ({ name, state }) =>
      state?.waiting ? [`${name}: ${state.waiting.reason ?? ""} ${state.waiting.message ?? ""}`] : [],
  );
  return waiting.length === 0 ? `its phase is ${pod.status?.phase ?? "unknown"}` : waiting.join("; ");
}

const failed = ({ id }: SandboxSpec, why: string): BerthError =>
  new BerthError("sandbox_create_failed", `The pod of sandbox ${id} did not start: ${why}`);
