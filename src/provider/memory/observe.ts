import { guestCapabilities, guestPids, type SandboxSpec } from "../provider.ts";
import { nothingObserved, type Observation } from "../observation.ts";

/** Nothing of a machine holds these sandboxes: the record of what was asked is all that there is. */
export function recorded({ profile, resources }: SandboxSpec): Observation {
  return {
    ...nothingObserved,
    runtime: profile.runtime,
    capabilities: [...guestCapabilities, ...profile.capabilities],
    noNewPrivileges: profile.no_new_privs,
    seccomp: profile.seccomp === "unconfined" ? 0 : 2,
    hostNamespaces: profile.network === "host" ? ["net"] : [],
    memoryBytes: resources.memory_mb * 1024 * 1024,
    memoryAndSwapBytes: resources.memory_mb * 1024 * 1024,
    pids: resources.pids + guestPids,
    cpus: resources.cpus,
    openFiles: profile.limits.open_files,
    disk:
      resources.disk_mb === undefined
        ? null
        : { bytes: resources.disk_mb * 1024 * 1024, inodes: resources.inodes ?? null },
    network: profile.network === "host" ? "host" : "none",
    maskedPaths: profile.masked_paths,
    readOnlyPaths: profile.read_only_paths,
    mounts: [],
    hostPaths: [],
    devices: [],
  };
}
