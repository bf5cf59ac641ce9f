import { describe, expect, it } from "vitest";
import type { SandboxSpec } from "../../../../src/provider/provider.ts";
import type { FakeApiServer, FakeObject } from "../../../support/fake-api-server.ts";
import { fakeCluster as cluster, specOf } from "./fake-cluster.ts";

const podOfA1 = "berth-a1";
const running = { containerStatuses: [{ name: "sandbox", state: { running: {} } }], podIP: "127.0.0.1" };
const withStatus = (status: object): FakeObject => ({ status: { phase: "Pending", ...status } });
const waiting = (name: string, reason: string, message = "") => ({
  containerStatuses: [{ name, state: { waiting: { reason, message } } }],
});

const theSnapshot = { "docker-content-digest": `sha256:${"0".repeat(64)}` };

/** What a create ends with when the pod comes to be as this says; a node takes it away when it is asked to. */
async function failureOf(status: object, change: Partial<SandboxSpec> = {}, more: Record<string, string> = {}) {
  await using here = await cluster(more);
  const { fake, provider } = here;
  fake.refuse = ({ path }) => (path.startsWith("/v2/") ? { status: 200, body: {}, headers: theSnapshot } : undefined);
  const creating = provider.create(specOf(change)).then(
    () => "created",
    (thrown: unknown) => thrown,
  );
  await fake.until(() => fake.pod(podOfA1) !== undefined);
  fake.put(podOfA1, withStatus(status));
  await fake.until(() => fake.pod(podOfA1)?.metadata?.deletionTimestamp !== undefined);
  fake.remove(podOfA1);
  const failure = await creating;
  expect(fake.pod(podOfA1)).toBeUndefined();
  return failure;
}

describe("the place of its snapshots", () => {
  it("is the namespace in its cluster, the same for every controller of it", async () => {
    await using here = await cluster();
    expect(here.provider.place).toContain("uid-of-namespace");
  });

  it("is the namespace's name for a controller that may not look at it", async () => {
    const forbids = (fake: FakeApiServer) =>
      void (fake.refuse = ({ path }) =>
        path === "/api/v1/namespaces/berth-sandboxes" ? { status: 403, body: { reason: "Forbidden" } } : undefined);
    await using here = await cluster({}, forbids);
    expect(here.provider.place).toBe("namespace berth-sandboxes");
  });
});

describe("a create", () => {
  it("asks for one pod, waits for it on the watch, and writes nothing else", async () => {
    await using here = await cluster();
    const { fake, provider } = here;
    const creating = provider.create(specOf());
    await fake.until(() => fake.pod(podOfA1) !== undefined);
    fake.put(podOfA1, withStatus(running));
    expect(await creating).toEqual({ id: "a1", provider: "kubernetes", labels: specOf().labels });
    expect(fake.askedFor("POST", "/pods")).toHaveLength(1);
    expect(fake.asked.filter(({ method }) => method === "PUT" || method === "PATCH")).toEqual([]);
    expect(fake.askedFor("GET", `/pods/${podOfA1}`)).toEqual([]);
  });

  it("is the one sandbox when it is asked for again, by another controller too", async () => {
    await using here = await cluster();
    const { fake, provider } = here;
    const creating = provider.create(specOf());
    await fake.until(() => fake.pod(podOfA1) !== undefined);
    fake.put(podOfA1, withStatus(running));
    const handle = await creating;
    expect(await provider.create(specOf())).toEqual(handle);
    const labels = { ...specOf().labels, incarnation: "another" };
    await expect(provider.create(specOf({ labels }))).rejects.toMatchObject({ code: "sandbox_create_failed" });
    expect(fake.pod(podOfA1)).toBeDefined();
  });

  it.each([
    ["an image that is not there", waiting("sandbox", "ErrImagePull", "not found"), "image_not_found"],
    ["an image that no reference is", waiting("sandbox", "InvalidImageName"), "image_not_found"],
    ["a registry that does not answer", waiting("sandbox", "ImagePullBackOff", "i/o timeout"), "sandbox_create_failed"],
    ["a container that cannot be made", waiting("sandbox", "CreateContainerError"), "sandbox_create_failed"],
    ["a node that is full", { phase: "Failed", reason: "OutOfmemory" }, "sandbox_create_failed"],
    ["an eviction", { phase: "Failed", reason: "Evicted", message: "low on resource" }, "sandbox_create_failed"],
  ])("fails on %s with its reason, and leaves nothing", async (_, status, code) => {
    expect(await failureOf(status)).toMatchObject({ code });
  });

  it("blames the guest's image on whoever runs Berth, and a snapshot's on the snapshot", async () => {
    const ofGuest = {
      initContainerStatuses: [
        { name: "install", state: { waiting: { reason: "ErrImagePull", message: "not found" } } },
      ],
    };
    expect(await failureOf(ofGuest)).toMatchObject({
      code: "sandbox_create_failed",
      remedy: expect.stringContaining("kubernetes_guest_image"),
    });
    const base = { kind: "snapshot", key: "0".repeat(64) } as const;
    expect(await failureOf(waiting("sandbox", "ErrImagePull", "not found"), { base })).toMatchObject({
      code: "sandbox_create_failed",
      remedy: expect.stringContaining("berth env build"),
    });
  });

  it("says why no node took it when it took too long", async () => {
    const conditions = [
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes: Insufficient cpu" },
    ];
    expect(await failureOf({ conditions }, {}, { kubernetes_start_seconds: "1" })).toMatchObject({
      code: "sandbox_create_failed",
      message: expect.stringContaining("Unschedulable: 0/1 nodes: Insufficient cpu"),
    });
  });

  it("that is called off leaves nothing and ends with the caller's reason", async () => {
    await using here = await cluster();
    const { fake, provider } = here;
    const giveUp = new AbortController();
    const creating = provider.create(specOf(), { signal: giveUp.signal });
    await fake.until(() => fake.pod(podOfA1) !== undefined);
    giveUp.abort(new Error("enough"));
    await fake.until(() => fake.pod(podOfA1)?.metadata?.deletionTimestamp !== undefined);
    fake.remove(podOfA1);
    await expect(creating).rejects.toThrow("enough");
  });

  it("of fewer processes than nodes allow in each pod is refused", async () => {
    await using here = await cluster();
    const asked = here.provider.create(specOf({ resources: { cpus: 1, memory_mb: 64, pids: 64 } }));
    await expect(asked).rejects.toMatchObject({
      code: "capability_missing",
      remedy: expect.stringContaining("pids: 256"),
    });
    expect(here.fake.askedFor("POST", "/pods")).toEqual([]);
  });

  it("waits when the API server has too much to do, and is refused when it may not", async () => {
    await using here = await cluster();
    const { fake, provider } = here;
    let busy = 1;
    fake.refuse = ({ method, path }) =>
      method === "POST" && path.endsWith("/pods") && busy-- > 0
        ? { status: 429, body: {}, headers: { "retry-after": "0" } }
        : undefined;
    const creating = provider.create(specOf());
    await fake.until(() => fake.pod(podOfA1) !== undefined);
    fake.put(podOfA1, withStatus(running));
    await creating;
    fake.refuse = ({ method }) =>
      method === "POST" ? { status: 403, body: { reason: "Forbidden", message: "exceeded quota: pods" } } : undefined;
    await expect(provider.create(specOf({ id: "a2" }))).rejects.toMatchObject({
      code: "sandbox_create_failed",
      message: expect.stringContaining("exceeded quota: pods"),
    });
  });
});

describe("a destroy", () => {
  it("resolves only when the API server has no such pod any more, and takes one request", async () => {
    await using here = await cluster();
    const { fake, provider } = here;
    const creating = provider.create(specOf());
    await fake.until(() => fake.pod(podOfA1) !== undefined);
    fake.put(podOfA1, withStatus(running));
    const handle = await creating;
    let isOver = false;
    const destroying = provider.destroy(handle).then(() => (isOver = true));
    await fake.until(() => fake.pod(podOfA1)?.metadata?.deletionTimestamp !== undefined);
    expect((await provider.inspect(handle)).status).not.toBe("gone");
    expect(isOver).toBe(false);
    fake.remove(podOfA1);
    await destroying;
    expect(await provider.inspect(handle)).toEqual({ status: "gone" });
    expect(fake.askedFor("DELETE")).toHaveLength(1);
    expect(fake.askedFor("DELETE")[0]?.body).toMatchObject({
      gracePeriodSeconds: 1,
      preconditions: { uid: expect.any(String) },
    });
    await provider.destroy(handle);
  });

  it("leaves another sandbox alone that has the same name by now", async () => {
    await using here = await cluster();
    const { fake, provider } = here;
    const creating = provider.create(specOf());
    await fake.until(() => fake.pod(podOfA1) !== undefined);
    fake.put(podOfA1, withStatus(running));
    const handle = await creating;
    await provider.destroy({ ...handle, labels: { ...handle.labels, incarnation: "earlier" } });
    expect(fake.askedFor("DELETE")).toEqual([]);
    expect(await provider.list("me")).toEqual([handle]);
  });
});
