import type { Duplex } from "node:stream";
import type { V1Pod } from "@kubernetes/client-node";
import type { Clock } from "../../../core/clock.ts";
import { withDeadline } from "../../../core/deadline.ts";
import { BerthError } from "../../../core/errors.ts";
import type { SandboxHandle, SandboxSpec } from "../../provider.ts";
import { awaitPod } from "../await-pod.ts";
import type { Backing } from "../backing.ts";
import type { KubernetesProviderOptions } from "../options.ts";
import type { Pods } from "../pods.ts";
import { refusalStatus, refusedAs } from "../refusal.ts";
import { whyWaiting } from "../start-failure.ts";
import type { Watch } from "../watch.ts";
import { bindingTaken, type Binder } from "./binding.ts";
import {
  annotatedHandle,
  claimFailure,
  claimFor,
  claimName,
  isOf,
  isReady,
  isShapeMissing,
  podNameOf,
  whyNotReady,
} from "./claim.ts";
import { claimRemover } from "./remove-claim.ts";
import type { Resources, SandboxClaim } from "./resources.ts";
import { shapeOf } from "./shape.ts";
import type { WarmShapes } from "./warm-shapes.ts";

/** The door and the guest listen some milliseconds after their containers run. */
const firstPauseMs = 5;
const longestPauseMs = 250;

interface Parts {
  readonly pods: Pods;
  readonly claims: Resources["claims"];
  readonly shapes: WarmShapes;
  readonly options: KubernetesProviderOptions;
  readonly binder: Binder;
  readonly podsOf: (owner: string) => Watch<V1Pod>;
  readonly claimsOf: (owner: string) => Watch<SandboxClaim>;
  readonly imageFor: (spec: SandboxSpec) => Promise<string>;
  /** A stream to the pod's door that begins so. */
  readonly dial: (pod: V1Pod, beginning: Buffer, signal: AbortSignal) => Promise<Duplex>;
  /** A stream to the guest of a sandbox whose door is its own. */
  readonly enter: (pod: V1Pod, handle: SandboxHandle, signal: AbortSignal) => Promise<Duplex>;
  readonly clock: Clock;
}

export interface ClaimedPods extends Backing {
  /** Whether the watch knows of a claim for it, without asking. */
  has(handle: SandboxHandle): boolean;
}

/** Each sandbox a claim of agent-sandbox: its controller gives it a pod that was started before, or starts one. */
export function claimedPods(parts: Parts): ClaimedPods {
  const { claims, pods, shapes, options, binder, podsOf, claimsOf, clock } = parts;

  async function ask(spec: SandboxSpec, handle: SandboxHandle): Promise<string> {
    const { warmReplicas } = options;
    const image = await parts.imageFor(spec);
    const shape = shapeOf(spec, { image, bindingKey: binder.publicKey, warmReplicas }, options);
    shapes.care(spec.labels.owner);
    await shapes.ensure(shape);
    const endsAtMs = clock.now() + options.maxPodSeconds * 1000;
    try {
      await claims.create(claimFor(spec, { namespace: options.namespace, warmPool: shape.name, endsAtMs }));
    } catch (thrown) {
      if (refusalStatus(thrown) !== 409) throw thrown;
      if (!isOf(handle, await claims.read(claimName(spec.id))))
        throw new BerthError("sandbox_create_failed", `The id ${spec.id} is taken by another sandbox.`, {
          cause: thrown,
        });
    }
    return shape.name;
  }

  /** The pod that the claim was given, once its guest runs, the claim is ready, and the pod says whose it is. */
  async function adopted(spec: SandboxSpec, handle: SandboxHandle, parent: AbortSignal): Promise<V1Pod> {
    const watch = claimsOf(spec.labels.owner);
    let wasThere = false;
    const until = <R>(look: (claim: SandboxClaim) => R | undefined, signal: AbortSignal) =>
      watch.until(
        claimName(spec.id),
        (claim) => {
          if (claim === undefined) {
            if (wasThere) throw new BerthError("sandbox_create_failed", `The claim of sandbox ${spec.id} was removed.`);
            return undefined;
          }
          wasThere = true;
          const failure = claimFailure(claim);
          if (failure !== undefined) throw failure;
          return look(claim);
        },
        signal,
      );
    const over = new AbortController();
    const signal = AbortSignal.any([parent, over.signal]);
    try {
      const name = await until(podNameOf, signal);
      const started = awaitPod(podsOf(spec.labels.owner), name, spec, signal, (pod) => isOf(handle, pod));
      const ready = until((claim) => (isReady(claim) ? true : undefined), signal);
      const [pod] = await Promise.all([started, ready]);
      return pod;
    } finally {
      over.abort();
    }
  }

  /** From here on the pod is this sandbox's alone, and ends when the sandbox is to end. */
  async function takeOver(spec: SandboxSpec, handle: SandboxHandle, pod: V1Pod, signal: AbortSignal): Promise<void> {
    const binding = binder.bindingOf(handle, pod.metadata?.uid ?? "");
    await untilAnswered(async () => bindingTaken(await parts.dial(pod, binding, signal), signal), signal);
    const lifeMs = Math.max(1, spec.expiresAtMs - clock.now());
    const enter = (call: { signal: AbortSignal }) => parts.enter(pod, handle, call.signal);
    await untilAnswered(() => options.startLife(enter, lifeMs, signal), signal);
  }

  async function untilAnswered(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await work();
      } catch (thrown) {
        const isPassing =
          thrown instanceof BerthError && (thrown.code === "provider_unavailable" || thrown.code === "sandbox_lost");
        if (!isPassing || signal.aborted) throw thrown;
      }
      await clock.sleep(pauseMs, signal);
    }
  }

  const claimOf = (handle: SandboxHandle): SandboxClaim | undefined => {
    const claim = claimsOf(handle.labels.owner).get(claimName(handle.id));
    return isOf(handle, claim) ? claim : undefined;
  };

  return {
    has: (handle) => claimOf(handle) !== undefined,

    async start(spec, handle) {
      const name = claimName(spec.id);
      const watch = claimsOf(spec.labels.owner);
      await watch.synced();
      const shape = await ask(spec, handle);
      const deadlineMs = options.startSeconds * 1000;
      const start = async (signal: AbortSignal) =>
        await takeOver(spec, handle, await adopted(spec, handle, signal), signal);
      await withDeadline(`the start of claim ${name}`, deadlineMs, start, { clock }).catch((thrown: unknown) => {
        const claim = watch.get(name);
        if (isShapeMissing(claim)) shapes.forget(shape);
        if (!(thrown instanceof BerthError) || thrown.code !== "deadline_exceeded") throw thrown;
        const pod = podsOf(spec.labels.owner).get(podNameOf(claim) ?? "");
        const why = pod === undefined ? whyNotReady(claim) : `${whyNotReady(claim)}; its pod: ${whyWaiting(pod)}`;
        throw new BerthError(
          "sandbox_create_failed",
          `The claim ${name} was not served within ${deadlineMs} ms: ${why}.`,
          { cause: thrown },
        );
      });
    },

    async podOf(handle, signal) {
      const watch = claimsOf(handle.labels.owner);
      await watch.synced(signal);
      try {
        const claim = claimOf(handle) ?? (await claims.read(claimName(handle.id), signal));
        const name = isOf(handle, claim) ? podNameOf(claim) : undefined;
        if (name === undefined) return undefined;
        const pod = podsOf(handle.labels.owner).get(name) ?? (await pods.read(name, signal));
        return isOf(handle, pod) ? pod : undefined;
      } catch (thrown) {
        throw refusedAs("provider_unavailable", thrown);
      }
    },

    remove: claimRemover({ pods, claims, podsOf, claimsOf, clock }),

    async list(owner) {
      shapes.care(owner);
      const watch = claimsOf(owner);
      await watch.synced();
      return watch
        .all()
        .flatMap(({ metadata }) => annotatedHandle(metadata) ?? [])
        .filter(({ labels }) => labels.owner === owner);
    },
  };
}
