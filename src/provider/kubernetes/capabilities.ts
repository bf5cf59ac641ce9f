import { capabilities, type Obstacles } from "../capabilities.ts";
import { gvisorGaps } from "../gvisor.ts";
import { BerthError } from "../../core/errors.ts";
import { guestPids, type Provider, type SandboxSpec } from "../provider.ts";
import type { PodOptions } from "./options.ts";
import { providerName } from "./names.ts";

const both = ["seccomp", "no_new_privs", "memory_limit", "cpu_limit", "root_commands", "processes"] as const;

/** What pods can enforce under each runtime; for what they cannot, why. */
export function capabilitiesOf(options: PodOptions): Provider["capabilities"] {
  const evicts =
    "Kubernetes has no quota of disk or files for a pod: the kubelet evicts one that wrote too much, later";
  const machine = {
    runtime_runsc:
      options.runtimeClasses.runsc === undefined
        ? "no RuntimeClass is named for runsc: kubernetes_runtime_classes"
        : undefined,
    disk_quota: evicts,
    inode_quota: evicts,
  } satisfies Obstacles;
  return {
    runc: capabilities([...both, "runtime_runc", "network_none", "network_host", "guest_hidden", "job_control"], {
      ...machine,
      pids_limit:
        options.podPidsLimit === 0
          ? "the API cannot limit processes; set podPidsLimit of the kubelets, and kubernetes_pod_pids_limit to the same"
          : undefined,
      oom_reported: options.oomKillsProcess
        ? undefined
        : "with cgroup v2 the kubelet has the whole container end for lack of memory (singleProcessOOMKill)",
      user_namespace: options.userNamespaces
        ? undefined
        : "nodes are not said to run pods with hostUsers: false: kubernetes_user_namespaces",
    }),
    runsc: capabilities([...both, "runtime_runc"], {
      ...machine,
      network_none: "gVisor has a copy of the pod's interface in its own kernel, which the door cannot take away",
      pids_limit: "the kubelet's podPidsLimit counts the threads of gVisor's kernel and not the sandbox's processes",
      ...gvisorGaps,
    }),
  };
}

/**
 * The nodes' limit of processes is one for all pods; it keeps a promise that is not tighter.
 * @throws BerthError `capability_missing`
 */
export function assertWithinPodPids({ resources }: SandboxSpec, { podPidsLimit }: PodOptions): void {
  const asked = resources.pids + guestPids;
  if (podPidsLimit <= asked) return;
  throw new BerthError(
    "capability_missing",
    `The provider ${providerName} cannot limit a sandbox to ${resources.pids} processes: nodes allow ${podPidsLimit} in each pod, and ${guestPids} of ${asked} are the guest's.`,
    {
      remedy: `Ask for pids: ${podPidsLimit - guestPids} or more, or set a lower podPidsLimit on the nodes of sandboxes.`,
    },
  );
}
