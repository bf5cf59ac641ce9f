/** Milliseconds, as seen by the controller. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

/** What a cluster costs a controller, and by which run it was measured. */
export interface ClusterConstants {
  /** The command and the cluster, or that nobody measured it yet. */
  readonly source: string;
  /** From the request for a pod until its guest shakes hands. */
  readonly podStart: Spread;
  /** From the request to delete it until it is gone. */
  readonly podGone: Spread;
  /** Requests of the controller that change something, for each pod. */
  readonly writesPerPod: number;
  /** The scheduler's and the kubelet's, events not counted. */
  readonly writesPerPodOfCluster: number;
}

export const cluster: ClusterConstants = {
  source:
    "450 pods of make test-k8s on the development cluster, by infra/setup/pod-costs.ts; one node of 2 processors with other work",
  podStart: { p50: 4_000, p99: 41_200 },
  podGone: { p50: 2_000, p99: 49_900 },
  writesPerPod: 2,
  writesPerPodOfCluster: 8.3,
};
