import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1DaemonSet } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { kubernetesOptions } from "../../../../../src/config/kubernetes-options.ts";
import { loadConfig } from "../../../../../src/config/load.ts";
import { systemClock, type Clock } from "../../../../../src/core/clock.ts";
import { silentLogger } from "../../../../../src/core/log.ts";
import { ApiServer } from "../../../../../src/provider/kubernetes/api-server.ts";
import { clusterAddress } from "../../../../../src/provider/kubernetes/cluster-address.ts";
import { Prepull } from "../../../../../src/provider/kubernetes/prepull/prepull.ts";
import { TokenBucket } from "../../../../../src/provider/kubernetes/token-bucket.ts";
import { FakeApiServer } from "../../../../support/fake-api-server.ts";
import { kubeconfigFor } from "../../../../support/kubeconfig.ts";

const path = "/apis/apps/v1/namespaces/berth-sandboxes/daemonsets/berth-prepull";
const hourMs = 3_600_000;

async function cluster() {
  const stack = new AsyncDisposableStack();
  const fake = stack.use(await FakeApiServer.start());
  const folder = await mkdtemp(join(tmpdir(), "berth-prepull-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(fake.url));
  const config = loadConfig({ env: {}, flags: { kubernetes_guest_image: "r:5000/guest:1" } });
  let nowMs = Date.UTC(2030, 0, 1);
  // Looks come when the test says so.
  const clock: Clock = { ...systemClock, now: () => nowMs, alarm: () => ({ [Symbol.dispose]: () => undefined }) };
  const pass = (ms: number) => void (nowMs += ms);
  const controller = () => {
    const turns = new TokenBucket({ perSecond: 1000, burst: 1000, clock });
    const api = new ApiServer({ address: clusterAddress({ kubeconfig, context: "" }), turns, clock });
    stack.defer(() => api.close());
    return stack.use(new Prepull({ api, options: kubernetesOptions(config), most: 2, clock, log: silentLogger }));
  };
  const images = () => {
    const { spec } = (fake.objects.get(path) ?? {}) as unknown as Partial<V1DaemonSet>;
    return spec?.template.spec?.containers.map(({ image }) => image);
  };
  const writes = () => fake.asked.filter(({ method }) => method !== "GET").length;
  return { fake, pass, controller, images, writes, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("nodes hold the snapshots that were used last, and are told nothing anew while that is so", async () => {
  await using here = await cluster();
  const prepull = here.controller();
  await prepull.agree();
  expect(here.writes()).toBe(0);
  prepull.use("r:5000/s@1");
  await prepull.agree();
  expect(here.images()).toEqual(["r:5000/guest:1", "r:5000/s@1"]);
  prepull.use("r:5000/s@1");
  await prepull.agree();
  expect(here.writes()).toBe(1);
});

test("two controllers agree on what both use", async () => {
  await using here = await cluster();
  const [one, other] = [here.controller(), here.controller()];
  one.use("r:5000/s@1");
  await one.agree();
  other.use("r:5000/s@2");
  await other.agree();
  await one.agree();
  expect(here.images()).toEqual(["r:5000/guest:1", "r:5000/s@1", "r:5000/s@2"]);
  expect(here.writes()).toBe(2);
});

test("what another wrote in the meantime stands until the next look", async () => {
  await using here = await cluster();
  const prepull = here.controller();
  prepull.use("r:5000/s@1");
  await prepull.agree();
  here.fake.refuse = ({ method }) => (method === "PUT" ? { status: 409, body: { reason: "Conflict" } } : undefined);
  prepull.use("r:5000/s@2");
  await prepull.agree();
  expect(here.images()).toHaveLength(2);
  here.fake.refuse = () => undefined;
  await prepull.agree();
  expect(here.images()).toHaveLength(3);
});

test("what one controller goes on using, another does not take for cold", async () => {
  await using here = await cluster();
  const [one, other] = [here.controller(), here.controller()];
  for (let minutes = 0; minutes < 100; minutes += 20) {
    one.use("r:5000/s@1");
    await one.agree();
    await other.agree();
    expect(here.images()).toContain("r:5000/s@1");
    here.pass(hourMs / 3);
  }
});

test("when nothing was used for an hour, nothing is held", async () => {
  await using here = await cluster();
  const prepull = here.controller();
  prepull.use("r:5000/s@1");
  await prepull.agree();
  here.pass(hourMs + 1);
  await prepull.agree();
  expect(here.images()).toBeUndefined();
  await prepull.agree();
});
