import { execa } from "execa";
import type { SettingName } from "../../src/config/schema.ts";

const KUBECTL_MS = 150_000;

export interface TestCluster {
  /** Settings of a controller on it, without a namespace. */
  readonly settings: Partial<Record<SettingName, string>>;
  /** What it prints. */
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
}

/**
 * The cluster that KUBECONFIG names, with the images of BERTH_TEST_REGISTRY. BERTH_TEST_KUBERNETES changes settings: a JSON object of texts by their names.
 */
export function testCluster(): TestCluster | { readonly unavailable: string } {
  const { KUBECONFIG: kubeconfig, BERTH_TEST_REGISTRY: registry, BERTH_TEST_KUBERNETES: changes = "{}" } = process.env;
  if (!kubeconfig) return { unavailable: "KUBECONFIG names no cluster (infra/dev-cluster/run.sh brings one up)" };
  if (!registry) return { unavailable: "BERTH_TEST_REGISTRY names no registry with the images of the tests" };
  return {
    settings: {
      provider: "kubernetes",
      kubernetes_kubeconfig: kubeconfig,
      kubernetes_registry: registry,
      kubernetes_registry_insecure: "true",
      kubernetes_guest_image: `${registry}/berth-guest:latest`,
      kubernetes_seccomp_folder: "berth",
      kubernetes_pod_pids_limit: "80",
      kubernetes_oom_kills: "process",
      kubernetes_request_percent: "1",
      ...(JSON.parse(changes) as Partial<Record<SettingName, string>>),
    },
    async kubectl(...args) {
      const { stdout } = await execa("kubectl", args, { timeout: KUBECTL_MS });
      return stdout;
    },
  };
}
