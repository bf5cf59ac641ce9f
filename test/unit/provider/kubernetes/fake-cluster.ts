import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubernetesOptions } from "../../../../src/config/kubernetes-options.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { createKubernetesProvider } from "../../../../src/provider/kubernetes/kubernetes-provider.ts";
import type { StartLife } from "../../../../src/provider/kubernetes/options.ts";
import type { SandboxSpec } from "../../../../src/provider/provider.ts";
import { FakeApiServer } from "../../../support/fake-api-server.ts";
import { kubeconfigFor } from "../../../support/kubeconfig.ts";
import { madeSandbox } from "../../../support/made-sandbox.ts";

const settings = {
  kubernetes_guest_image: "registry:5000/berth-guest:1",
  kubernetes_registry: "registry:5000/berth",
  kubernetes_pod_pids_limit: "288",
};

/** A provider and its API server; the test plays everyone else. */
export async function fakeCluster(
  change: Record<string, string> = {},
  prepare: (fake: FakeApiServer) => void = () => undefined,
  startLife: StartLife = () => Promise.reject(new Error("no pod is claimed here")),
) {
  await using stack = new AsyncDisposableStack();
  const fake = stack.use(await FakeApiServer.start());
  prepare(fake);
  const dataDir = await mkdtemp(join(tmpdir(), "berth-kubernetes-"));
  stack.defer(() => rm(dataDir, { recursive: true }));
  const kubeconfig = join(dataDir, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(fake.url));
  const config = loadConfig({ env: {}, flags: { ...settings, kubernetes_kubeconfig: kubeconfig, ...change } });
  const options = kubernetesOptions({
    ...config,
    kubernetes_registry: fake.url.replace("http://", ""),
    kubernetes_registry_insecure: true,
  });
  const provider = await createKubernetesProvider({
    ...options,
    dataDir,
    exportLayer: () => Promise.reject(new Error("no snapshot is made here")),
    startLife,
    log: silentLogger,
  });
  stack.defer(() => provider.close());
  const all = stack.move();
  return { fake, provider, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

export const specOf = (change: Partial<SandboxSpec> = {}): SandboxSpec => {
  const { spec } = madeSandbox({ user_namespace: "never" });
  return {
    ...spec,
    base: { kind: "image", image: { name: "base", digest: "sha256:1", location: "registry:5000/base@sha256:1" } },
    resources: { cpus: 0.5, memory_mb: 1024, pids: 256 },
    ...change,
  };
};
