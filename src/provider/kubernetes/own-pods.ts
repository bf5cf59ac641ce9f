import type { V1Pod } from "@kubernetes/client-node";
import { crashPoint } from "../../core/crash-point.ts";
import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import type { SandboxHandle, SandboxSpec } from "../provider.ts";
import { sameSandbox } from "../same-sandbox.ts";
import { awaitPod } from "./await-pod.ts";
import type { Backing } from "./backing.ts";
import type { DoorKey } from "./door-key.ts";
import { handleOf, ofSandbox, podName } from "./names.ts";
import type { KubernetesProviderOptions } from "./options.ts";
import { doorOfSecret, podOf } from "./pod-spec.ts";
import type { Pods } from "./pods.ts";
import { refusalStatus, refusedAs } from "./refusal.ts";
import { podRemover } from "./remove-pod.ts";
import { whyWaiting } from "./start-failure.ts";
import type { Watch } from "./watch.ts";

interface Parts {
  readonly pods: Pods;
  readonly options: KubernetesProviderOptions;
  readonly key: DoorKey;
  readonly watchOf: (owner: string) => Watch<V1Pod>;
  /** What nodes pull for what the sandbox starts from. */
  readonly imageFor: (spec: SandboxSpec) => Promise<string>;
  readonly clock: Clock;
}

/** Each sandbox a pod that is made for it: one create, one delete. */
export function ownPods(parts: Parts): Backing {
  const { pods, options, watchOf, clock } = parts;

  async function ask(spec: SandboxSpec, handle: SandboxHandle): Promise<void> {
    const image = await parts.imageFor(spec);
    const pod = podOf(spec, { image, door: doorOfSecret(parts.key.hashOf(handle)) }, options);
    try {
      await pods.create(pod);
      return;
    } catch (thrown) {
      if (refusalStatus(thrown) !== 409) throw thrown;
    }
    const found = await pods.read(podName(spec.id));
    if (found === undefined)
      throw new BerthError("sandbox_create_failed", `The sandbox ${spec.id} vanished while it was created.`);
    if (!sameSandbox(handle, handleOf(found)))
      throw new BerthError("sandbox_create_failed", `The id ${spec.id} is taken by another sandbox.`);
  }

  async function awaitStart(spec: SandboxSpec, watch: Watch<V1Pod>): Promise<void> {
    const name = podName(spec.id);
    const deadlineMs = options.startSeconds * 1000;
    const started = (signal: AbortSignal) => awaitPod(watch, name, spec, signal);
    await withDeadline(`the start of pod ${name}`, deadlineMs, started, { clock }).catch((thrown: unknown) => {
      if (!(thrown instanceof BerthError) || thrown.code !== "deadline_exceeded") throw thrown;
      const why = whyWaiting(watch.get(name));
      throw new BerthError("sandbox_create_failed", `The pod ${name} did not start within ${deadlineMs} ms: ${why}.`);
    });
  }

  return {
    async start(spec, handle) {
      await ask(spec, handle);
      crashPoint("kubernetes.pod-made");
      await awaitStart(spec, watchOf(handle.labels.owner));
    },

    async podOf(handle, signal) {
      const watch = watchOf(handle.labels.owner);
      await watch.synced(signal);
      const name = podName(handle.id);
      try {
        return ofSandbox(handle, watch.get(name)) ?? ofSandbox(handle, await pods.read(name, signal));
      } catch (thrown) {
        throw refusedAs("provider_unavailable", thrown);
      }
    },

    remove: podRemover({ pods, watchOf, clock }),

    async list(owner) {
      const watch = watchOf(owner);
      await watch.synced();
      return watch
        .all()
        .flatMap((pod) => handleOf(pod) ?? [])
        .filter(({ labels }) => labels.owner === owner);
    },
  };
}
