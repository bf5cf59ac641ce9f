import type { Duplex, Readable } from "node:stream";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { Runtime } from "../../model/profile.ts";

export interface Toleration {
  readonly key: string;
  readonly value?: string;
  readonly effect?: string;
}

/** What all pods of sandboxes have in common. */
export interface PodOptions {
  readonly namespace: string;
  /** With the guest's program as `/berth-guest`. */
  readonly guestImage: string;
  readonly runtimeClasses: Readonly<Partial<Record<Runtime, string>>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly imagePullSecrets: readonly string[];
  /** Below the kubelet's seccomp folder; empty: the runtime's default filter. */
  readonly seccompFolder: string;
  readonly userNamespaces: boolean;
  /** The kubelets' `podPidsLimit`; 0: none. */
  readonly podPidsLimit: number;
  /** Whether the kernel ends one process of a sandbox for lack of memory, and not all of them. */
  readonly oomKillsProcess: boolean;
  /** MiB that a pod may write before the kubelet evicts it. */
  readonly ephemeralStorageMb: number;
  /** Of the limits of processor time and memory, what nodes set aside. */
  readonly requestPercent: number;
  /** Seconds after which the kubelet ends a pod, whatever its guest says. */
  readonly maxPodSeconds: number;
  readonly connect: "pod" | "port_forward";
  /** Which sandboxes can be kept as snapshots. What `all` costs each of them is a listing of its root when it starts. Default: `builds`. */
  readonly keeps?: "builds" | "all";
}

/** `exportLayer` of the guest's client, which a provider does not know. */
export type ExportLayer = (
  open: (call: { signal: AbortSignal }) => Promise<Duplex>,
  limits: { readonly entries: number; readonly bytes: number },
  signal?: AbortSignal,
) => Promise<Readable>;

/** `startLife` of the guest's client. */
export type StartLife = (
  open: (call: { signal: AbortSignal }) => Promise<Duplex>,
  forMs: number,
  signal: AbortSignal,
) => Promise<void>;

export interface KubernetesProviderOptions extends PodOptions {
  readonly kubeconfig: string;
  readonly context: string;
  /** `HOST[:PORT][/PATH]` of snapshots and of images without a registry. */
  readonly registry: string;
  readonly registryInsecure: boolean;
  /** A docker `config.json`; empty: none. */
  readonly registryCredentials: string;
  /** The key of the doors; empty: made once in `dataDir`. */
  readonly keyFile: string;
  readonly controllerLabels: Readonly<Record<string, string>>;
  /** Empty: that of the sandboxes. */
  readonly controllerNamespace: string;
  /** Seconds until a pod's guest must run. */
  readonly startSeconds: number;
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** Snapshots that each node holds ahead of rollouts, at most; 0: none, and nothing is written for it. */
  readonly prepullSnapshots: number;
  /** Whether sandboxes are claims of agent-sandbox. */
  readonly claims: boolean;
  /** Pods that wait in the warm pool of each shape of sandboxes. */
  readonly warmReplicas: number;
  /** Sets the end of a guest that was started for nobody. */
  readonly startLife: StartLife;
  /** What a build sandbox changed, told by the guest behind the stream. */
  readonly exportLayer: ExportLayer;
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  /** Makes nothing in the cluster: for commands that only look. */
  readonly onlyLooks?: boolean;
}
