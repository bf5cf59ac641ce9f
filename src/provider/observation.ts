import type { Runtime } from "../model/profile.ts";

/** What a profile promises of a sandbox, by the names under which a difference is reported. */
export type Promised =
  | "runtime"
  | "guest's capabilities"
  | "tools' capabilities"
  | "no_new_privs"
  | "seccomp"
  | "system calls"
  | "namespaces"
  | "user namespace"
  | "memory limit"
  | "swap limit"
  | "process limit"
  | "CPU limit"
  | "open files"
  | "core dumps"
  | "disk limit"
  | "inode limit"
  | "network"
  | "masked paths"
  | "read-only paths"
  | "mounts"
  | "devices"
  | "tool user"
  | "guest";

export type Limit = number | "none";

export const namespaceNames = ["pid", "mnt", "net", "ipc", "uts", "cgroup", "user"] as const;
export type NamespaceName = (typeof namespaceNames)[number];

export interface MountedPath {
  readonly target: string;
  /** What of its file system is mounted there. */
  readonly root: string;
  readonly type: string;
  readonly readOnly: boolean;
}

/**
 * What holds a sandbox, read back from outside. Null is what this provider cannot tell from outside, never a guess: it is left to
 * the probe from inside.
 */
export interface Observation {
  readonly runtime: Runtime | null;
  /** Names of all that the guest holds or could gain, in whatever set. */
  readonly capabilities: readonly string[] | null;
  readonly noNewPrivileges: boolean | null;
  /** 0 (none), 1 (strict) or 2 (a filter). */
  readonly seccomp: number | null;
  /** Those that it shares with this process. */
  readonly hostNamespaces: readonly NamespaceName[] | null;
  /** Whether root inside is root outside. */
  readonly rootIsHostRoot: boolean | null;
  readonly memoryBytes: Limit | null;
  readonly memoryAndSwapBytes: Limit | null;
  /** Processes and threads, the guest's included. */
  readonly pids: Limit | null;
  readonly cpus: Limit | null;
  readonly openFiles: Limit | null;
  /** Of the file system that takes what is written; `inodes` is null where it has no fixed number. */
  readonly disk: { readonly bytes: number; readonly inodes: number | null } | null;
  /** `none`: nothing but a loopback. `own`: more, in a namespace of its own. */
  readonly network: "none" | "own" | "host" | null;
  readonly maskedPaths: readonly string[] | null;
  readonly readOnlyPaths: readonly string[] | null;
  readonly mounts: readonly MountedPath[] | null;
  /** Of the host, as an engine was told to mount them. */
  readonly hostPaths: readonly string[] | null;
  /** Besides the usual ones, as an engine was told to pass them. */
  readonly devices: readonly string[] | null;
  /** What neither this provider from outside nor the probe from inside can show under this runtime, and why. */
  readonly unknowable: Readonly<Partial<Record<Promised, string>>>;
}

export const nothingObserved: Observation = {
  runtime: null,
  capabilities: null,
  noNewPrivileges: null,
  seccomp: null,
  hostNamespaces: null,
  rootIsHostRoot: null,
  memoryBytes: null,
  memoryAndSwapBytes: null,
  pids: null,
  cpus: null,
  openFiles: null,
  disk: null,
  network: null,
  maskedPaths: null,
  readOnlyPaths: null,
  mounts: null,
  hostPaths: null,
  devices: null,
  unknowable: {},
};
