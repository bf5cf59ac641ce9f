import { capabilities } from "../capabilities.ts";
import { gvisorGaps } from "../gvisor.ts";
import type { Provider } from "../provider.ts";

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
export interface MachineObstacles {
  readonly runsc: string | undefined;
  readonly disk: string | undefined;
  readonly userNamespace: string | undefined;
}

/** What the oci provider can enforce under each runtime. */
export function ociCapabilities({ runsc, disk, userNamespace }: MachineObstacles): Provider["capabilities"] {
  const machine = { disk_quota: disk, inode_quota: disk, runtime_runsc: runsc };
  return {
    runc: capabilities([...BOTH, "network_host", "oom_reported", "guest_hidden", "job_control"], {
      ...machine,
      user_namespace: userNamespace,
    }),
    runsc: capabilities(BOTH, { ...machine, ...gvisorGaps }),
  };
}
