import type { Config } from "./schema.ts";

/** `LABEL=VALUE` of a list → a mapping; the schema has checked the form. */
const pairs = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]));

/** `KEY[=VALUE][:EFFECT]`, as `kubectl taint` writes taints. */
function toleration(text: string): { key: string; value?: string; effect?: string } {
  const [, key = "", value, effect] = /^([^=:]+)(?:=([^:]*))?(?::(.+))?$/.exec(text) ?? [];
  return { key, ...(value === undefined ? {} : { value }), ...(effect === undefined ? {} : { effect }) };
}

/** The settings of the `kubernetes` provider, as it takes them. */
export function kubernetesOptions(config: Config) {
  return {
    kubeconfig: config.kubernetes_kubeconfig,
    context: config.kubernetes_context,
    namespace: config.kubernetes_namespace,
    connect: config.kubernetes_connect,
    guestImage: config.kubernetes_guest_image,
    registry: config.kubernetes_registry,
    registryInsecure: config.kubernetes_registry_insecure,
    registryCredentials: config.kubernetes_registry_credentials,
    keyFile: config.kubernetes_key_file,
    controllerLabels: pairs(config.kubernetes_controller_labels),
    controllerNamespace: config.kubernetes_controller_namespace,
    runtimeClasses: pairs(config.kubernetes_runtime_classes) as { runc?: string; runsc?: string },
    nodeSelector: pairs(config.kubernetes_node_selector),
    tolerations: config.kubernetes_tolerations.map(toleration),
    imagePullSecrets: config.kubernetes_image_pull_secrets,
    seccompFolder: config.kubernetes_seccomp_folder,
    userNamespaces: config.kubernetes_user_namespaces,
    podPidsLimit: config.kubernetes_pod_pids_limit,
    oomKillsProcess: config.kubernetes_oom_kills === "process",
    ephemeralStorageMb: config.kubernetes_ephemeral_storage_mb,
    requestPercent: config.kubernetes_request_percent,
    claims: config.kubernetes_claims,
    warmReplicas: config.kubernetes_warm_replicas,
    maxPodSeconds: config.kubernetes_max_pod_seconds,
    startSeconds: config.kubernetes_start_seconds,
    requestsPerSecond: config.kubernetes_requests_per_second,
    burst: config.kubernetes_burst,
    prepullSnapshots: config.kubernetes_prepull_snapshots,
  } as const;
}
