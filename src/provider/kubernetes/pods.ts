import type { V1Pod } from "@kubernetes/client-node";
import type { ApiServer } from "./api-server.ts";
import { collectionOf, type Collection } from "./collection.ts";

/** Seconds that a guest has to end what runs. Zero would take the pod off the list while its processes may still run. */
export const graceSeconds = 1;

export type Pods = Collection<V1Pod>;

/** The pods of one namespace. One that is removed is gone when its node says so. */
export const podsOf = (api: ApiServer, namespace: string): Pods =>
  collectionOf(api, {
    kind: "pod",
    path: `/api/v1/namespaces/${namespace}/pods`,
    removal: { gracePeriodSeconds: graceSeconds },
  });
