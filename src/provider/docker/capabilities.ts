import type { Capabilities, CapabilityName, Provider } from "../provider.ts";
import type { DaemonFacts } from "./probe.ts";

/** What the daemon can enforce; for what it cannot, why. */
export function capabilitiesOf(facts: DaemonFacts, diskObstacle: string | undefined): Provider["capabilities"] {
  const runc = underRunc(facts, diskObstacle);
  return { runc, runsc: runc };
}

function underRunc(facts: DaemonFacts, diskObstacle: string | undefined): Capabilities {
  const has = new Set<CapabilityName>([
    "network_none",
    "network_host",
    "no_new_privs",
    "root_commands",
    "processes",
    "guest_hidden",
  ]);
  const gaps: Partial<Record<CapabilityName, string>> = {};
  const offer = (name: CapabilityName, able: boolean, gap: string) => {
    if (able) has.add(name);
    else gaps[name] = gap;
  };
  offer("runtime_runc", facts.runtimes.includes("runc"), "the Docker daemon has no runtime named runc");
  offer("seccomp", facts.seccomp, "the Docker daemon was built, or runs on a kernel, without seccomp");
  const rootless = facts.rootless ? " (it is rootless: delegate the controller to its user, with cgroup v2)" : "";
  offer("memory_limit", facts.memoryLimit, `the Docker daemon cannot limit memory${rootless}`);
  offer("pids_limit", facts.pidsLimit, `the Docker daemon cannot limit processes${rootless}`);
  offer("cpu_limit", facts.cpuLimit, `the Docker daemon cannot limit CPU time${rootless}`);
  offer(
    "oom_reported",
    facts.memoryLimit,
    "out-of-memory kills are counted by the memory controller, which is missing",
  );
  gaps.runtime_runsc =
    "the guest does not start under gVisor, whose release 20221219 refuses the setfsuid that its file access stands on";
  for (const quota of ["disk_quota", "inode_quota"] as const)
    offer(quota, diskObstacle === undefined, diskObstacle ?? "");
  gaps.user_namespace = "user namespaces are the Docker daemon's own choice for all containers (userns-remap)";
  return { has, gaps };
}
