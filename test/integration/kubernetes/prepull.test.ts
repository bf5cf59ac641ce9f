import type { V1Pod } from "@kubernetes/client-node";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { kubernetesOptions } from "../../../src/config/kubernetes-options.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { systemClock, type Clock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { ApiServer } from "../../../src/provider/kubernetes/api-server.ts";
import { clusterAddress } from "../../../src/provider/kubernetes/cluster-address.ts";
import { Prepull } from "../../../src/provider/kubernetes/prepull/prepull.ts";
import { Registry } from "../../../src/provider/kubernetes/registry/registry.ts";
import { RegistrySnapshots } from "../../../src/provider/kubernetes/snapshots/snapshot-store.ts";
import { TokenBucket } from "../../../src/provider/kubernetes/token-bucket.ts";
import { controllerOnCluster } from "../../support/controller-on-cluster.ts";
import { whyNoCluster, type ClusterNamespace } from "../../support/kubernetes-cluster.ts";

const why = whyNoCluster();
const hourMs = 3_600_000;
const holders = "berth.dev/prepull=true";

/** Of its own for each run: a node may have what an earlier one built. */
const environment = environmentSchema.parse({
  name: "held",
  image: "base",
  profile: "standard-unlimited-disk",
  resources: { cpus: 0.5, memory_mb: 128, pids: 64 },
  setup: [`echo ${process.pid} ${Date.now()} > mark`],
  setup_network: false,
});

/** What another controller of the namespace, whose clock may be ahead, says that nodes should hold. */
function otherController(namespace: ClusterNamespace, { aheadMs }: { aheadMs: number }) {
  const options = kubernetesOptions(loadConfig({ env: namespace.environment() }));
  const clock: Clock = { ...systemClock, now: () => Date.now() + aheadMs };
  const turns = new TokenBucket({ perSecond: 100, burst: 100, clock });
  const api = new ApiServer({ address: clusterAddress(options), turns, clock });
  const prepull = new Prepull({ api, options, most: 2, clock, log: silentLogger });
  const end = () => {
    prepull[Symbol.dispose]();
    api.close();
  };
  return { prepull, [Symbol.dispose]: end };
}

/** As nodes pull it. */
function imageOf(namespace: ClusterNamespace, snapshot: string): Promise<string> {
  const { registry: prefix } = kubernetesOptions(loadConfig({ env: namespace.environment() }));
  const registry = new Registry({ insecure: [prefix], credentials: "", architecture: "amd64" });
  const none = () => Promise.reject(new Error("not asked for"));
  return new RegistrySnapshots({ registry, prefix }, { imageOf: none, openLayer: none, destroy: none }).image(snapshot);
}

const containerOf = ({ spec }: V1Pod, image: string): string =>
  spec?.containers.find((container) => container.image === image)?.name ?? "none";

/** Resolves when a pod of the DaemonSet runs with the image. */
const holding = (namespace: ClusterNamespace, image: string): Promise<V1Pod> =>
  vi.waitFor(
    async () => {
      const pods = await namespace.pods(holders);
      const ready = pods.find(({ status }) => status?.containerStatuses?.every((container) => container.ready));
      expect(ready?.spec?.containers.map((container) => container.image)).toContain(image);
      return ready as V1Pod;
    },
    { timeout: 100_000, interval: 200 },
  );

/** What the kubelet said of where a container's image came from. */
const pulled = (namespace: ClusterNamespace, pod: V1Pod, container: string): Promise<string[]> =>
  vi.waitFor(
    async () => {
      const said = await namespace.events(pod.metadata?.name ?? "", "Pulled", container);
      expect(said).not.toEqual([]);
      return said;
    },
    { timeout: 30_000, interval: 200 },
  );

describe("what nodes hold ahead", () => {
  beforeEach((context) => {
    if (why !== undefined) context.skip(why);
  });

  it("is a snapshot that another controller's rollouts start from, so that a rollout's pod pulls nothing, until it is cold", async () => {
    await using here = await controllerOnCluster();
    const { namespace, service } = here;
    const registered = await service.registerEnvironment(environment, null);
    const { snapshot } = await service.buildEnvironment(registered.name, () => undefined);
    const image = await imageOf(namespace, snapshot);
    using other = otherController(namespace, { aheadMs: 0 });
    other.prepull.use(image);
    await other.prepull.agree();
    const holder = await holding(namespace, image);
    const itsPulls = await pulled(namespace, holder, containerOf(holder, image));
    expect(itsPulls).toEqual([expect.stringContaining("Successfully pulled")]);

    const { rollout } = await service.create({ environment: "held" });
    expect((await service.waitUntilSettled(rollout.rollout_id, 60_000)).status).toBe("active");
    const pod = (await namespace.pods("berth.dev/sandbox")).find(({ spec }) =>
      spec?.containers.some((container) => container.image === image),
    );
    const podsPulls = await pulled(namespace, pod as V1Pod, "sandbox");
    expect(podsPulls).toEqual([expect.stringContaining("already present on machine")]);
    await service.close(rollout.rollout_id);

    using later = otherController(namespace, { aheadMs: hourMs * 2 });
    await later.prepull.agree();
    const left = async () => expect(await namespace.pods(holders)).toEqual([]);
    await vi.waitFor(left, { timeout: 60_000, interval: 200 });
  });

  it("is what this controller's rollouts start from, without anybody saying so", async () => {
    await using here = await controllerOnCluster({ kubernetes_prepull_snapshots: "1" });
    const { namespace, service } = here;
    const { rollout } = await service.create({ environment });
    const settled = await service.waitUntilSettled(rollout.rollout_id, 60_000);
    expect(settled.status).toBe("active");
    const image = await imageOf(namespace, settled.snapshot ?? "");
    await holding(namespace, image);
    await service.close(rollout.rollout_id);
  });
});
