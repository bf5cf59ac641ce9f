import type { Duplex } from "node:stream";
import type { Profile, Runtime } from "../model/profile.ts";
import type { Resources } from "../model/resources.ts";
import type { Observation } from "./observation.ts";
import type { Residue } from "./residue.ts";

/** Where an image stands for a provider. `digest` names its content and is part of a snapshot's key. */
export interface ResolvedImage {
  /** As the environment names it. */
  readonly name: string;
  readonly digest: string;
  /** What the provider needs to start from it: opaque to everyone else. */
  readonly location: string;
}

export type SandboxBase =
  | { readonly kind: "image"; readonly image: ResolvedImage }
  | { readonly kind: "snapshot"; readonly key: string };

export interface SandboxLabels {
  /** The controller installation that may destroy the sandbox. */
  readonly owner: string;
  /** The rollout's id, or `build:<snapshot key>`, or `grade:<rollout id>`. */
  readonly purpose: string;
  /** Changes whenever a sandbox is made anew under the same purpose. */
  readonly incarnation: string;
}

export interface SandboxSpec {
  /** 1 to 63 of `[a-z0-9-]`; creating twice with one id gives the one sandbox. */
  readonly id: string;
  readonly labels: SandboxLabels;
  readonly base: SandboxBase;
  readonly profile: Profile;
  /** With the profile's limits filled in where the environment sets none. */
  readonly resources: Resources;
  /** The workspace, an absolute path; exists after create. */
  readonly workdir: string;
  /** Unix milliseconds at which the guest ends itself, whether or not a controller is left. */
  readonly expiresAtMs: number;
}

/** A sandbox as a provider knows it; plain data that can be stored and used by a later controller. */
export interface SandboxHandle {
  readonly id: string;
  readonly provider: string;
  readonly labels: SandboxLabels;
}

export type SandboxState =
  | { readonly status: "running"; readonly oomKills: number | null }
  /**
   * `code` is null where the provider has no one that waits for the guest. `oom` is whether the sandbox's own limits may have ended it:
   * memory, and where the runtime itself lives on them, processes.
   */
  | { readonly status: "exited"; readonly code: number | null; readonly oom: boolean }
  | { readonly status: "gone" };

/** What a provider can enforce. A profile or an environment that needs one that is missing is refused at create. */
export const capabilityNames = [
  "runtime_runc",
  "runtime_runsc",
  "network_none",
  "network_host",
  "seccomp",
  "no_new_privs",
  "memory_limit",
  "pids_limit",
  "cpu_limit",
  "disk_quota",
  "inode_quota",
  "user_namespace",
  "oom_reported",
  "guest_hidden",
  "job_control",
  "root_commands",
  "processes",
] as const;
export type CapabilityName = (typeof capabilityNames)[number];

export interface Capabilities {
  readonly has: ReadonlySet<CapabilityName>;
  /** For each capability that is missing, why, in a sentence for people. */
  readonly gaps: Readonly<Partial<Record<CapabilityName, string>>>;
}

/** Processes and threads of the guest itself, which a limit on the tools' comes on top of. */
export const guestPids = 32;

/** What the guest needs to run commands as the tool user, own their files and kill them. Commands themselves hold none. */
export const guestCapabilities = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
] as const;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** One line about a long step, for people. */
  readonly onProgress?: (message: string) => void;
}

export interface StoredSnapshot {
  readonly key: string;
  readonly createdAtMs: number;
  /** What the sandbox wrote on top of its base: allocated on the disk, or where an engine does not tell that, the length of its files. */
  readonly bytes: number;
  /** The installation whose sandbox it was; null when nobody knows any more. */
  readonly owner: string | null;
}

/** What a provider made of an image to start sandboxes from, and can make again. */
export interface ImageCopy {
  readonly id: string;
  /** As the environment named it that it was made for. */
  readonly name: string;
  /** Allocated on the disk. */
  readonly bytes: number;
  /** Unix milliseconds; when the image was last resolved, right to a minute. */
  readonly lastUsedMs: number;
  /** Whether a sandbox or a snapshot stands on it. */
  readonly needed: boolean;
}

export interface ImageCopies {
  list(): Promise<readonly ImageCopy[]>;
  /** False when something stands on it, or it was resolved since `unlessUsedSinceMs`: then it stays. Idempotent. */
  remove(id: string, unlessUsedSinceMs: number): Promise<boolean>;
}

/** Of providers whose images are someone else's. */
export const noImageCopies: ImageCopies = { list: async () => [], remove: async () => false };

/**
 * Immutable copies of a sandbox's file system from which others start copy-on-write. Keys are content keys: lower-case
 * hex, 64 digits.
 */
export interface SnapshotStore {
  /** @throws BerthError `image_not_found` */
  resolveImage(name: string, options?: CallOptions): Promise<ResolvedImage>;
  has(key: string): Promise<boolean>;
  /** Keeps the file system of a quiesced sandbox under `key` and destroys the sandbox. Idempotent by key. */
  commit(handle: SandboxHandle, key: string, options?: CallOptions): Promise<void>;
  /** What it costs does not depend on how large the snapshots are. */
  list(): Promise<readonly StoredSnapshot[]>;
  /** Idempotent. Sandboxes that run from the snapshot go on. */
  remove(key: string): Promise<void>;
}

/** Where controllers that have no disk in common keep manifests, one under each key. */
export interface SharedManifests {
  /** Undefined when there is none. */
  read(key: string): Promise<Buffer | undefined>;
  /** Replaces what is there, whole or not at all. */
  write(key: string, content: Buffer): Promise<void>;
  /** Idempotent. */
  remove(key: string): Promise<void>;
}

/** Where sandboxes run. The port: no vendor's type crosses it, and the guest does everything that is not here. */
export interface Provider {
  readonly name: string;
  /**
   * The name of where its sandboxes and snapshots are, when every controller that knows it can reach them from any machine: a cluster and a
   * namespace. Missing where they are on this machine, in the data directory.
   */
  readonly place?: string;
  /** There together with a place: what each snapshot holds is kept where every controller reaches it, too. */
  readonly manifests?: SharedManifests;
  /** By OCI runtime: what one can enforce, another may not. */
  readonly capabilities: Readonly<Record<Runtime, Capabilities>>;
  readonly snapshots: SnapshotStore;
  readonly imageCopies: ImageCopies;

  /**
   * Starts a sandbox; resolves once its guest process was started (ready means that the guest shook hands: see
   * `sandbox/`). Idempotent by `spec.id`; a failed create leaves nothing.
   * @throws BerthError `capability_missing`, `sandbox_create_failed`, `provider_unavailable`
   */
  create(spec: SandboxSpec, options?: CallOptions): Promise<SandboxHandle>;

  /**
   * A fresh byte stream to the guest, which serves HTTP/2 on it. Any number may be open; works again after the
   * controller restarts.
   * @throws BerthError `sandbox_lost` when the sandbox is not running
   */
  connect(handle: SandboxHandle, options?: CallOptions): Promise<Duplex>;

  inspect(handle: SandboxHandle): Promise<SandboxState>;

  /**
   * What holds a running sandbox, read back from the kernel or the engine that holds it, not from what was asked of them.
   * @throws BerthError `sandbox_lost` when the sandbox is not running, `provider_unavailable`
   */
  observe(handle: SandboxHandle, options?: CallOptions): Promise<Observation>;

  /** Idempotent; resolves only when nothing of the sandbox is left. @throws BerthError `teardown_failed` */
  destroy(handle: SandboxHandle): Promise<void>;

  /** Every sandbox, in whatever state, that carries this owner's label. */
  list(owner: string): Promise<readonly SandboxHandle[]>;

  /**
   * What lies about of sandboxes that are no more and that `list` does not tell, of this owner and of nobody. Looks only.
   * @throws BerthError `provider_unavailable`
   */
  residue(owner: string): Promise<readonly Residue[]>;

  /** Releases what the controller holds; sandboxes go on. */
  close(): Promise<void>;
}
