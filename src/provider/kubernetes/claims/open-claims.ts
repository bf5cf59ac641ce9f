import type { Duplex } from "node:stream";
import type { V1Pod } from "@kubernetes/client-node";
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { SandboxSpec } from "../../provider.ts";
import type { ApiServer } from "../api-server.ts";
import type { DoorKey } from "../door-key.ts";
import { ownerSelector } from "../names.ts";
import type { KubernetesProviderOptions } from "../options.ts";
import type { Pods } from "../pods.ts";
import { Watch } from "../watch.ts";
import { binderOf } from "./binding.ts";
import { claimedPods, type ClaimedPods } from "./claimed-pods.ts";
import { resourcesOf, type SandboxClaim } from "./resources.ts";
import { WarmShapes } from "./warm-shapes.ts";

interface Parts {
  readonly api: ApiServer;
  readonly pods: Pods;
  readonly options: KubernetesProviderOptions;
  readonly key: DoorKey;
  readonly watchOf: (owner: string) => Watch<V1Pod>;
  readonly imageFor: (spec: SandboxSpec) => Promise<string>;
  readonly dial: (pod: V1Pod, beginning: Buffer, signal?: AbortSignal) => Promise<Duplex>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Puts together what claims take: one more watch for each owner, and a sweep each minute. */
export function openClaims(parts: Parts): { readonly backing: ClaimedPods; readonly close: () => void } {
  const { api, pods, options, key, watchOf, imageFor, dial, clock, log } = parts;
  const resources = resourcesOf(api, options.namespace);
  const watches = new Map<string, Watch<SandboxClaim>>();
  const claimsOf = (owner: string): Watch<SandboxClaim> => {
    const watch =
      watches.get(owner) ??
      new Watch({ api, collection: resources.claims, selector: ownerSelector(owner), clock, log });
    watches.set(owner, watch);
    return watch;
  };
  const shapes = new WarmShapes({ resources, claimsOf, clock, log });
  return {
    backing: claimedPods({
      pods,
      claims: resources.claims,
      shapes,
      options,
      binder: binderOf(key),
      podsOf: watchOf,
      claimsOf,
      imageFor,
      dial,
      enter: (pod, handle, signal) => dial(pod, key.secretOf(handle), signal),
      clock,
    }),
    close() {
      shapes.close();
      for (const watch of watches.values()) watch.close();
    },
  };
}
