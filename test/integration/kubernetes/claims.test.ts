import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { compose } from "../../../src/compose.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { writesIn } from "../../kubernetes/api-writes.ts";
import { agentSandboxIn } from "../../support/agent-sandbox.ts";
import { ClusterNamespace, whyNoCluster } from "../../support/kubernetes-cluster.ts";
import { testCluster } from "../../support/test-cluster.ts";

const why = whyNoCluster();
const { BERTH_TEST_AUDIT_LOG: auditLog } = process.env;
const rollouts = 5;

const environment = environmentSchema.parse({
  name: "claimed",
  image: "base",
  profile: "standard-unlimited-disk",
  resources: { cpus: 0.5, memory_mb: 128, pids: 64 },
});

/** A controller whose sandboxes are claims, on a namespace of its own with what stands in for agent-sandbox; nothing is left of them afterwards. */
async function controllerOnClaims() {
  const stack = new AsyncDisposableStack();
  const cluster = testCluster();
  if ("unavailable" in cluster) throw new Error(cluster.unavailable);
  const namespace = stack.use(await ClusterNamespace.make());
  stack.use(await agentSandboxIn(namespace.name, cluster.kubectl));
  const dataDir = await mkdtemp(join(tmpdir(), "berth-kubernetes-"));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const settings = { BERTH_DATA_DIR: dataDir, BERTH_POOL_SANDBOXES: "0", BERTH_KUBERNETES_CLAIMS: "true" };
  const config = loadConfig({ env: { ...namespace.environment(), ...settings } });
  const berth = await compose(config, silentLogger, { role: "controller" });
  stack.defer(async () => {
    await berth.service.drain(5_000);
    await berth.close();
  });
  const names = async (kind: string) =>
    (await cluster.kubectl("get", kind, "--namespace", namespace.name, "--output", "name")).split("\n").filter(Boolean);
  await berth.service.registerEnvironment(environment, null);
  return { namespace, service: berth.service, names, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

type Controller = Awaited<ReturnType<typeof controllerOnClaims>>;

async function active({ service }: Controller): Promise<string> {
  const { rollout } = await service.create({ environment: "claimed" });
  const settled = await service.waitUntilSettled(rollout.rollout_id, 60_000);
  expect(settled).toMatchObject({ status: "active" });
  return rollout.rollout_id;
}

/** Of all pods that there are, those that were claimed. */
const claimed = async ({ namespace }: Controller) =>
  (await namespace.pods()).filter(({ metadata }) => metadata?.annotations?.["berth.dev/sandbox"] !== undefined);

/** Pods that wait and could be claimed now. */
const ready = async (controller: Controller) =>
  (await controller.namespace.pods("agents.x-k8s.io/warm-pool-sandbox")).filter(
    ({ metadata, status }) =>
      metadata?.deletionTimestamp === undefined &&
      status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
  );

describe("rollouts on claims of agent-sandbox", () => {
  beforeEach((context) => {
    if (why !== undefined) context.skip(why);
  });

  test("take a pod that waited, work in it, and leave neither claim nor pod", async () => {
    await using controller = await controllerOnClaims();
    const { service, names } = controller;
    const first = await active(controller);
    await vi.waitFor(async () => expect(await ready(controller)).toHaveLength(1), { timeout: 60_000, interval: 200 });
    const [waiting] = await ready(controller);
    const second = await active(controller);
    expect((await claimed(controller)).map(({ metadata }) => metadata?.uid)).toContain(waiting?.metadata?.uid);
    for (const id of [first, second]) {
      const call = { call_id: "a", arguments: { command: "cat secret 2>/dev/null || echo mine > secret" } };
      const answer = await service.callTool(id, "shell", call);
      expect(answer).toMatchObject({ outcome: { type: "exited", code: 0 }, stdout: { total_bytes: 0 } });
    }
    expect(await names("sandboxclaims")).toHaveLength(2);
    for (const id of [first, second]) await service.close(id);
    await vi.waitFor(async () => expect(await names("sandboxclaims")).toEqual([]), { timeout: 60_000, interval: 200 });
    expect(await claimed(controller)).toEqual([]);
    expect(await names("sandboxwarmpools")).toHaveLength(1);
  });

  test("cost Berth the writing of a claim and of its end, whoever counts", async (context) => {
    if (auditLog === undefined) return context.skip("BERTH_TEST_AUDIT_LOG names no audit log of the API server");
    await using controller = await controllerOnClaims();
    const { service, namespace, names } = controller;
    const play = async () => service.close(await active(controller));
    await play();
    const writes = async () => (await writesIn(auditLog)).filter((write) => write.namespace === namespace.name);
    const before = (await writes()).length;
    for (let played = 0; played < rollouts; played++) await play();
    await vi.waitFor(async () => expect(await names("sandboxclaims")).toEqual([]), { timeout: 60_000, interval: 200 });
    const since = (await writes()).slice(before).filter(({ agent }) => agent === "berth");
    expect(since.map(({ verb, resource }) => `${verb} ${resource}`).toSorted()).toEqual([
      ...Array.from({ length: rollouts }, () => "create sandboxclaims"),
      ...Array.from({ length: rollouts }, () => "delete sandboxclaims"),
    ]);
  });
});
