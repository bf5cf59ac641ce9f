import { z } from "zod";

/** The part of an environment that the defaults of these settings depend on. */
export interface KubernetesMachine {
  readonly kubeconfig?: string | undefined;
}

const whole = (unit: string, { from, to }: { from: 0 | 1; to: number }) => {
  const error = `must be a whole number of ${unit} from ${from} to ${to}`;
  return z.number({ error }).int({ error }).min(from, { error }).max(to, { error });
};

const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const pair = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,316}=[A-Za-z0-9._-]{0,63}$/;
const registryPrefix = /^$|^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9][a-z0-9._-]*)*$/;
const toleration = /^[A-Za-z0-9][A-Za-z0-9._/-]*(=[A-Za-z0-9._-]*)?(:(NoSchedule|PreferNoSchedule|NoExecute))?$/;

const label = z.string().regex(pair, { error: "must be LABEL=VALUE" });

/** Settings of the `kubernetes` provider; `schema.ts` has the others. */
export const kubernetesShape = {
  kubernetes_kubeconfig: z
    .string()
    .describe(
      "The file that says how the API server is reached. Empty: as a pod's service account, when Berth runs in the cluster.",
    ),
  kubernetes_context: z.string().describe("The context of that file; empty: its current one."),
  kubernetes_namespace: z
    .string()
    .regex(dnsLabel, { error: "must be the name of a namespace" })
    .describe("The namespace of the sandboxes. Nothing else should run in it: its network policy is for sandboxes."),
  kubernetes_connect: z
    .enum(["pod", "port_forward"], { error: "must be one of pod, port_forward" })
    .describe(
      "How the guest is reached. `pod`: at the pod's address, from within the cluster's network. `port_forward`: through the API server, for development outside of it.",
    ),
  kubernetes_guest_image: z
    .string()
    .describe(
      "The image with the guest program (`infra/setup/guest-image.sh`), as nodes pull it; an init container copies it into each sandbox.",
    ),
  kubernetes_registry: z
    .string()
    .regex(registryPrefix, { error: "must be HOST[:PORT][/PATH], without a scheme" })
    .describe(
      "Where snapshots are kept, and images that an environment names without a registry: `HOST[:PORT][/PATH]`, by one name for controllers and nodes.",
    ),
  kubernetes_registry_insecure: z
    .boolean({ error: "must be true or false" })
    .describe("Whether that registry speaks plain HTTP."),
  kubernetes_registry_credentials: z
    .string()
    .describe(
      "A docker `config.json` with credentials for registries; empty: none. Nodes have credentials of their own.",
    ),
  kubernetes_key_file: z
    .string()
    .describe(
      "A file of at least 32 random bytes from which the secrets of the guests' doors are derived, the same for all controllers. Empty: made once in `data_dir`.",
    ),
  kubernetes_controller_labels: z
    .array(label)
    .min(1, { error: "must name at least one label" })
    .describe("The labels of the controllers' pods: nobody else may reach a sandbox. `LABEL=VALUE`."),
  kubernetes_controller_namespace: z
    .string()
    .regex(/^$|^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, { error: "must be empty or the name of a namespace" })
    .describe("The namespace of the controllers' pods; empty: the sandboxes' own."),
  kubernetes_runtime_classes: z
    .array(
      z
        .string()
        .regex(/^(runc|runsc)=[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, { error: "must be runc=CLASS or runsc=CLASS" }),
    )
    .describe(
      "The RuntimeClass for each runtime of a profile: `runsc=gvisor`. Without one, `runc` is the nodes' default and `runsc` is missing. A class of Kata stands for `runc=…` too.",
    ),
  kubernetes_node_selector: z.array(label).describe("Labels of the nodes that sandboxes run on. `LABEL=VALUE`."),
  kubernetes_tolerations: z
    .array(z.string().regex(toleration, { error: "must be KEY[=VALUE][:EFFECT]" }))
    .describe("Taints that sandboxes tolerate: `KEY[=VALUE][:EFFECT]`."),
  kubernetes_image_pull_secrets: z
    .array(z.string().regex(dnsLabel, { error: "must be the name of a secret" }))
    .describe("Secrets of the namespace with which nodes pull images."),
  kubernetes_seccomp_folder: z
    .string()
    .regex(/^$|^[A-Za-z0-9][A-Za-z0-9._/-]*$/, { error: "must be a path below the kubelet's seccomp folder" })
    .describe(
      "Where the nodes have the files of `sandbox-profiles/seccomp`, below the kubelet's seccomp folder. Empty: they do not, and the runtime's default filter stands for those of profiles.",
    ),
  kubernetes_user_namespaces: z
    .boolean({ error: "must be true or false" })
    .describe("Whether nodes can run pods with `hostUsers: false`. Profiles with a user namespace need it."),
  kubernetes_pod_pids_limit: whole("processes", { from: 0, to: 4_194_304 }).describe(
    "The kubelets' `podPidsLimit`, which holds for every pod; 0: there is none. The API cannot set it for a pod.",
  ),
  kubernetes_oom_kills: z
    .enum(["process", "sandbox"], { error: "must be one of process, sandbox" })
    .describe(
      "What ends for lack of memory: `sandbox` with cgroup v2, unless the kubelets say `singleProcessOOMKill`; `process` otherwise.",
    ),
  kubernetes_ephemeral_storage_mb: whole("MiB", { from: 1, to: 1_048_576 }).describe(
    "MiB that a sandbox may write before the kubelet evicts its pod. That is noticed late and ends the rollout: no quota, but no full node.",
  ),
  kubernetes_request_percent: whole("per cent", { from: 1, to: 100 }).describe(
    "How much of a sandbox's limits of processor time and memory nodes set aside for it. Few sandboxes ever use what they may.",
  ),
  kubernetes_max_pod_seconds: whole("seconds", { from: 1, to: 2_147_483_647 }).describe(
    "After so long the kubelet ends a pod whatever its guest says. Longer than any rollout: a guest ends itself when no controller cares for it.",
  ),
  kubernetes_start_seconds: whole("seconds", { from: 1, to: 115 }).describe(
    "How long a pod may take until its guest runs, with the pulling of its image. A start is given up after 120 seconds whatever is said here.",
  ),
  kubernetes_claims: z
    .boolean({ error: "must be true or false" })
    .describe(
      "Whether sandboxes are claims of agent-sandbox (`extensions.agents.x-k8s.io/v1beta1`), whose CRDs and controller the cluster must have.",
    ),
  kubernetes_warm_replicas: whole("pods", { from: 0, to: 10_000 }).describe(
    "With claims: how many pods wait started for each kind of sandbox that was asked for in the last 15 minutes.",
  ),
  kubernetes_requests_per_second: whole("requests", { from: 1, to: 10_000 }).describe(
    "How many requests the API server is sent each second at most, when more wait.",
  ),
  kubernetes_burst: whole("requests", { from: 1, to: 100_000 }).describe(
    "How many requests it is sent at once after a pause.",
  ),
  kubernetes_prepull_snapshots: whole("snapshots", { from: 0, to: 50 }).describe(
    "How many of the snapshots that rollouts started from in the last hour each node holds ahead, by a DaemonSet in the sandboxes' namespace; 0: none, a node pulls at the first use.",
  ),
} as const;

export const kubernetesDefaults = (machine: KubernetesMachine) => ({
  kubernetes_kubeconfig: machine.kubeconfig ?? "",
  kubernetes_context: "",
  kubernetes_namespace: "berth-sandboxes",
  kubernetes_connect: "pod" as const,
  kubernetes_guest_image: "",
  kubernetes_registry: "",
  kubernetes_registry_insecure: false,
  kubernetes_registry_credentials: "",
  kubernetes_key_file: "",
  kubernetes_controller_labels: ["app.kubernetes.io/name=berth"],
  kubernetes_controller_namespace: "",
  kubernetes_runtime_classes: [],
  kubernetes_node_selector: [],
  kubernetes_tolerations: [],
  kubernetes_image_pull_secrets: [],
  kubernetes_seccomp_folder: "",
  kubernetes_user_namespaces: false,
  kubernetes_pod_pids_limit: 0,
  kubernetes_oom_kills: "sandbox" as const,
  kubernetes_ephemeral_storage_mb: 4096,
  kubernetes_request_percent: 25,
  kubernetes_max_pod_seconds: 86_400,
  kubernetes_start_seconds: 110,
  kubernetes_claims: false,
  kubernetes_warm_replicas: 1,
  kubernetes_requests_per_second: 50,
  kubernetes_burst: 100,
  kubernetes_prepull_snapshots: 0,
});
