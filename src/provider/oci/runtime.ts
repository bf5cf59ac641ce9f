import type { Duplex } from "node:stream";
import type { Runtime } from "../../model/profile.ts";
import type { SeccompFilter } from "../seccomp-filter.ts";
import type { ProcessIdentity } from "./init-process.ts";
import type { IdRange } from "./records.ts";

/** Where a sandbox writes. */
export interface WritableLayer {
  readonly upper: string;
  readonly work: string;
  /** A file that becomes a copy of the template, an ext4 file system that holds both, and where it is mounted for the sandbox alone. */
  readonly disk?: { readonly image: string; readonly template: string; readonly target: string };
}

export interface RunOptions {
  readonly id: string;
  readonly bundle: string;
  readonly socket: string;
  readonly oomCounter: string | undefined;
  readonly overlay: WritableLayer & { readonly lowers: readonly string[]; readonly target: string };
  /** The sandbox's ids on the host, and what it sees of the host besides the overlay. Undefined for the host's user namespace. */
  readonly shift: { readonly ids: IdRange; readonly trees: readonly string[] } | undefined;
  readonly log: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a sandbox's `config.json` says in one way for one runtime and in another for the other. */
export interface SpecDialect {
  /** Where the guest listens, as its `--listen` takes it. */
  readonly listen: string;
  /** Whether the guest is handed open files: its socket, and the kernel's count of OOM kills. */
  readonly passesFiles: boolean;
  /** Whether a sandbox sees its cgroup of version 2. */
  readonly showsCgroup: boolean;
  /** Whether an empty /tmp is covered with memory unless something else is mounted there. */
  readonly coversTmp: boolean;
  /**
   * How `pids` processes and threads of the tools are bounded: by the cgroup, and by RLIMIT_NPROC of the tool user where that counts
   * within the sandbox.
   */
  processLimits(pids: number): { readonly cgroup: number; readonly user: number | undefined };
  seccomp(filter: SeccompFilter): SeccompFilter;
}

/** An OCI runtime's command line: no daemon, state in a folder of ours. */
export interface OciRuntime {
  readonly name: Runtime;
  readonly dialect: SpecDialect;
  /**
   * Starts a detached container. The launcher mounts the root in a mount namespace of its own, so that the mount ends with the
   * container and never shows on the host.
   * @throws BerthError `sandbox_create_failed`
   */
  run(options: RunOptions): Promise<void>;
  /** A fresh stream to the guest; its failure may show on the stream only. @throws when nothing listens */
  connect(sandbox: { readonly id: string; readonly socket: string }, signal: AbortSignal): Promise<Duplex>;
  /**
   * The process that stands for the sandbox on the host, whether or not it still runs: the guest itself, or the kernel in user space that
   * it runs on. Undefined when the runtime knows no such container.
   */
  process(id: string): Promise<ProcessIdentity | undefined>;
  /** Whether the sandbox's limits, which its own processes ran into, may have ended it. */
  endedByLimit(id: string): Promise<boolean>;
  /** SIGKILL to everything of the sandbox; whether all of it ended within the deadline. */
  kill(id: string, deadlineMs: number): Promise<boolean>;
  /** Removes a stopped container's state. Idempotent. @throws BerthError `teardown_failed` */
  remove(id: string): Promise<void>;
}
