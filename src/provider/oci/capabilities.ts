import type { Capabilities, CapabilityName, Provider } from "../provider.ts";

const BOTH = [
  "runtime_runc",
  "network_none",
  "seccomp",
  "no_new_privs",
  "memory_limit",
  "pids_limit",
  "cpu_limit",
  "root_commands",
  "processes",
] as const;

/** Why abilities that depend on the machine are missing on it; undefined for those that are there. */
export interface Obstacles {
  readonly runsc: string | undefined;
  readonly disk: string | undefined;
  readonly userNamespace: string | undefined;
}

/** What the oci provider can enforce under each runtime. */
export function ociCapabilities({ runsc, disk, userNamespace }: Obstacles): Provider["capabilities"] {
  const machine = { disk_quota: disk, inode_quota: disk, runtime_runsc: runsc };
  return {
    runc: capabilities([...BOTH, "network_host", "oom_reported", "guest_hidden"], {
      ...machine,
      user_namespace: userNamespace,
    }),
    runsc: capabilities(BOTH, {
      ...machine,
      network_host: "gVisor runs without a network here; setup steps that need one run under runc",
      oom_reported: "under gVisor lack of memory ends the sandbox, which says so, and not the command alone",
      user_namespace:
        "gVisor puts its own kernel into a user namespace of the host, and the guest is root on that kernel",
      guest_hidden: "gVisor's /proc shows the guest's environment, memory map and list of descriptors to every user",
    }),
  };
}

/** Those in `gaps` with a reason are missing, the others are there. */
function capabilities(
  always: readonly CapabilityName[],
  gaps: Readonly<Partial<Record<CapabilityName, string | undefined>>>,
): Capabilities {
  const entries = Object.entries(gaps) as [CapabilityName, string | undefined][];
  const missing = entries.flatMap(([name, reason]) => (reason === undefined ? [] : [[name, reason] as const]));
  const there = entries.flatMap(([name, reason]) => (reason === undefined ? [name] : []));
  return { has: new Set([...always, ...there]), gaps: Object.fromEntries(missing) };
}
