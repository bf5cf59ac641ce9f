import { capabilities, type Obstacles } from "../capabilities.ts";
import { gvisorGaps } from "../gvisor.ts";
import type { Provider } from "../provider.ts";
import type { DaemonFacts } from "./probe.ts";

const both = ["network_none", "no_new_privs", "root_commands", "processes"] as const;

/** What the daemon can enforce under each runtime; for what it cannot, why. `disk` is why there are no disks of limited size. */
export function capabilitiesOf(facts: DaemonFacts, disk: string | undefined): Provider["capabilities"] {
  const rootless = facts.rootless ? " (it is rootless: delegate the controller to its user, with cgroup v2)" : "";
  const unless = (able: boolean, gap: string) => (able ? undefined : gap);
  const machine = {
    runtime_runc: unless("runc" in facts.runtimes, "the Docker daemon has no runtime named runc"),
    runtime_runsc: unless(
      "runsc" in facts.runtimes,
      "the Docker daemon has no runtime named runsc: install gVisor and register it (docs/docker-provider.md)",
    ),
    seccomp: unless(facts.seccomp, "the Docker daemon was built, or runs on a kernel, without seccomp"),
    memory_limit: unless(facts.memoryLimit, `the Docker daemon cannot limit memory${rootless}`),
    pids_limit: unless(facts.pidsLimit, `the Docker daemon cannot limit processes${rootless}`),
    cpu_limit: unless(facts.cpuLimit, `the Docker daemon cannot limit CPU time${rootless}`),
    disk_quota: disk,
    inode_quota: disk,
  } satisfies Obstacles;
  return {
    runc: capabilities([...both, "network_host", "guest_hidden", "job_control"], {
      ...machine,
      oom_reported: unless(
        facts.memoryLimit,
        "out-of-memory kills are counted by the memory controller, which is missing",
      ),
      user_namespace: "user namespaces are the Docker daemon's own choice for all containers (userns-remap)",
    }),
    runsc: capabilities(both, {
      ...machine,
      ...registrationGaps(facts.runtimes["runsc"] ?? [], machine),
      ...gvisorGaps,
    }),
  };
}

/** gVisor takes its settings from the arguments that the daemon registers it with; what they leave out it silently does not enforce. */
function registrationGaps(flags: readonly string[], { seccomp, disk_quota, inode_quota }: Obstacles): Obstacles {
  const without = (flag: string, consequence: string) =>
    flags.some((given) => given.replace(/^--?/, "").replace(/=true$/, "") === flag)
      ? undefined
      : `the Docker daemon registers runsc without --${flag}, and gVisor then ${consequence}`;
  const overlay = without("overlay2=none", "may keep what is written in a file or memory of its own, beside the disk");
  return {
    seccomp: seccomp ?? without("oci-seccomp", "ignores the system call filter"),
    disk_quota: disk_quota ?? overlay,
    inode_quota: inode_quota ?? overlay,
  };
}
