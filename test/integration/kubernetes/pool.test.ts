import { beforeEach, describe, expect, test, vi } from "vitest";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { controllerOnCluster } from "../../support/controller-on-cluster.ts";
import { whyNoCluster } from "../../support/kubernetes-cluster.ts";

const why = whyNoCluster();

const environment = environmentSchema.parse({
  name: "warm",
  image: "base",
  profile: "standard-unlimited-disk",
  resources: { cpus: 0.5, memory_mb: 128, pids: 64 },
  warm: 1,
});

describe("the pool on a cluster", () => {
  beforeEach((context) => {
    if (why !== undefined) context.skip(why);
  });

  test("a rollout takes a pod that was started before it came, and the next pod is started", async () => {
    await using here = await controllerOnCluster({ pool_sandboxes: "2" });
    const { namespace, service } = here;
    await service.registerEnvironment(environment, null);
    const purpose = (pod: { metadata?: { annotations?: Record<string, string> } }) =>
      pod.metadata?.annotations?.["berth.dev/purpose"] ?? "";
    const waiting = async () =>
      (await namespace.pods()).filter(
        (pod) =>
          purpose(pod).startsWith("pool:") && pod.status?.phase === "Running" && !pod.metadata?.deletionTimestamp,
      );
    const warm = async (count: number) =>
      vi.waitFor(async () => expect(await waiting()).toHaveLength(count), { timeout: 60_000, interval: 200 });
    await warm(1);
    const before = (await waiting()).map(({ metadata }) => metadata?.name);
    const { rollout } = await service.create({ environment: "warm" });
    const settled = await service.waitUntilSettled(rollout.rollout_id, 60_000);
    expect(settled.status).toBe("active");
    await warm(2);
    const after = (await waiting()).map(({ metadata }) => metadata?.name);
    expect(after).toContain(before[0]);
    await service.close(rollout.rollout_id);
  });
});
