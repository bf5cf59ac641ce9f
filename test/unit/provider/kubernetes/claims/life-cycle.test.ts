import { createServer, type Server } from "node:net";
import { describe, expect, it } from "vitest";
import { doorPort } from "../../../../../src/provider/kubernetes/names.ts";
import type { SandboxSpec } from "../../../../../src/provider/provider.ts";
import type { FakeApiServer } from "../../../../support/fake-api-server.ts";
import { fakeCluster, specOf } from "../fake-cluster.ts";

const claimOfA1 = "berth-a1";
const podOfPool = "warm-1";
const bindingBytes = 32 + 64;

/** A loopback address for each door: they all listen at one port. */
let doors = 0;

/** A door that answers a binding, or does not. */
async function door(answer: Buffer) {
  const bindings: Buffer[] = [];
  const host = `127.77.${process.pid % 250}.${++doors}`;
  const server: Server = createServer((socket) => {
    const seen: Buffer[] = [];
    socket.on("error", () => undefined);
    socket.on("data", (piece) => {
      seen.push(piece);
      const all = Buffer.concat(seen);
      if (all.length < bindingBytes) return;
      bindings.push(all);
      socket.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(doorPort, host, resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { host, bindings, [Symbol.asyncDispose]: close };
}

const taken = Buffer.from([1]);

const condition = (status: "True" | "False", reason: string, type = "Ready") => ({
  status: { conditions: [{ type, status, reason, message: `it says ${reason}` }] },
});
const served = { status: { ...condition("True", "DependenciesReady").status, sandbox: { name: podOfPool } } };

/** What the claim says of its pod. */
const identity = {
  "berth.dev/sandbox": "a1",
  "berth.dev/owner": "me",
  "berth.dev/purpose": "rollout-1",
  "berth.dev/incarnation": "i1",
};

/** A pod of the pool that runs, at that address. */
const runningAt = (podIP: string, annotations: Record<string, string> = {}) => ({
  metadata: { annotations },
  status: { phase: "Running", podIP, containerStatuses: [{ name: "sandbox", state: { running: {} } }] },
});

async function claiming(change: Record<string, string> = {}, prepare: (fake: FakeApiServer) => void = () => undefined) {
  const lives: number[] = [];
  const startLife = async (_: unknown, forMs: number) => void lives.push(forMs);
  return { ...(await fakeCluster({ kubernetes_claims: "true", ...change }, prepare, startLife)), lives };
}

/** The controller of agent-sandbox and the node, when nothing is wrong. */
async function serve(fake: FakeApiServer, podIP: string): Promise<void> {
  await fake.until(() => fake.object("sandboxclaims", claimOfA1) !== undefined);
  fake.put(podOfPool, runningAt(podIP, identity));
  fake.put(claimOfA1, served, "sandboxclaims");
}

/** The claim goes once its pod has. */
async function letGo(fake: FakeApiServer): Promise<void> {
  await fake.until(() => fake.object("sandboxclaims", claimOfA1)?.metadata?.deletionTimestamp !== undefined);
  fake.remove(podOfPool);
  fake.remove(claimOfA1, "sandboxclaims");
}

async function failureWith(claim: object, more: { change?: Record<string, string>; spec?: Partial<SandboxSpec> } = {}) {
  await using here = await claiming(more.change);
  const { fake, provider } = here;
  const creating = provider.create(specOf(more.spec)).then(
    () => "created",
    (thrown: unknown) => thrown,
  );
  await fake.until(() => fake.object("sandboxclaims", claimOfA1) !== undefined);
  fake.put(claimOfA1, claim, "sandboxclaims");
  await letGo(fake);
  return await creating;
}

describe("a create by a claim", () => {
  it("makes a template and a warm pool of the shape once, then a claim for each sandbox, and nothing else", async () => {
    await using here = await claiming();
    await using at = await door(taken);
    const { fake, provider, lives } = here;
    const spec = specOf({ expiresAtMs: Date.now() + 60_000 });
    const creating = provider.create(spec);
    await serve(fake, at.host);
    const handle = await creating;
    expect(handle).toEqual({ id: "a1", provider: "kubernetes", labels: spec.labels });
    expect(lives).toHaveLength(1);
    const [shape] = fake.names("sandboxwarmpools");
    expect(fake.names("sandboxtemplates")).toEqual([shape]);
    expect(fake.object("sandboxclaims", claimOfA1)?.spec).toMatchObject({
      warmPoolRef: { name: shape },
      lifecycle: { shutdownPolicy: "Delete" },
      additionalPodMetadata: { annotations: identity },
    });
    expect(await provider.list("me")).toEqual([handle]);
    expect((await provider.inspect(handle)).status).toBe("running");
    const second = provider.create(specOf({ id: "a2" })).catch(() => undefined);
    await fake.until(() => fake.object("sandboxclaims", "berth-a2") !== undefined);
    const created = (kind: string) => fake.askedFor("POST", `/${kind}`).length;
    expect(["pods", "sandboxtemplates", "sandboxwarmpools", "sandboxclaims"].map(created)).toEqual([0, 1, 1, 2]);
    fake.put("berth-a2", condition("False", "ClaimExpired"), "sandboxclaims");
    await fake.until(() => fake.object("sandboxclaims", "berth-a2")?.metadata?.deletionTimestamp !== undefined);
    fake.remove("berth-a2", "sandboxclaims");
    await second;
  });

  it("has templates alike for sandboxes of one shape, with no secret in them, and others for any other", async () => {
    await using here = await claiming();
    const { fake, provider } = here;
    const other = { cpus: 1, memory_mb: 2048, pids: 256 };
    const specs = [specOf(), specOf({ id: "a2", expiresAtMs: 5 }), specOf({ id: "a3", resources: other })];
    const labels = { ...specOf().labels, incarnation: "i2", purpose: "rollout-2" };
    const all = [...specs, specOf({ id: "a4", labels })].map((spec) => provider.create(spec).catch(() => undefined));
    await fake.until(() => fake.names("sandboxclaims").length === all.length);
    expect(fake.names("sandboxtemplates")).toHaveLength(2);
    const text = JSON.stringify(fake.names("sandboxtemplates").map((name) => fake.object("sandboxtemplates", name)));
    expect(text).not.toContain("secret-sha256");
    expect(text).toContain("--binding-key");
    for (const name of fake.names("sandboxclaims")) {
      fake.put(name, condition("False", "MultiplePods"), "sandboxclaims");
      await fake.until(() => fake.object("sandboxclaims", name)?.metadata?.deletionTimestamp !== undefined);
      fake.remove(name, "sandboxclaims");
    }
    await Promise.all(all);
  });

  it.each([
    "InvalidMetadata",
    "EnvVarsInjectionRejected",
    "VolumeClaimTemplatesError",
    "TemplateNotFound",
    "WarmPoolNotFound",
    "ClaimExpired",
    "SandboxExpired",
    "SandboxSuspended",
    "MultiplePods",
  ])("fails at once with what to do when the claim says %s, and leaves nothing", async (reason) => {
    expect(await failureWith(condition("False", reason))).toMatchObject({
      code: "sandbox_create_failed",
      causedBy: "infra",
      remedy: expect.any(String),
      message: expect.stringContaining(`it says ${reason}`),
    });
  });

  it("fails at once when the pod ended before it was used", async () => {
    const failure = await failureWith(condition("True", "PodFailed", "Finished"));
    expect(failure).toMatchObject({ code: "sandbox_create_failed", message: expect.stringContaining("PodFailed") });
  });

  it("waits through reasons that pass, a watch that breaks off and a version that is forgotten", async () => {
    await using here = await claiming();
    await using at = await door(taken);
    const { fake, provider } = here;
    const creating = provider.create(specOf({ expiresAtMs: Date.now() + 60_000 }));
    await fake.until(() => fake.object("sandboxclaims", claimOfA1) !== undefined);
    for (const reason of ["ReconcilerError", "SandboxMissing", "AdoptionConflict", "DependenciesNotReady"])
      fake.put(claimOfA1, condition("False", reason), "sandboxclaims");
    await fake.until(() => fake.watching === 2);
    fake.forget();
    fake.breakOff();
    await serve(fake, at.host);
    expect(await creating).toMatchObject({ id: "a1" });
  });

  it("says why when it takes too long, of the claim and of its pod", async () => {
    const change = { kubernetes_start_seconds: "1" };
    expect(await failureWith({}, { change })).toMatchObject({
      code: "sandbox_create_failed",
      message: expect.stringContaining("is agent-sandbox running?"),
    });
  });

  it("takes no pod that does not say that it is this sandbox's", async () => {
    await using here = await claiming({ kubernetes_start_seconds: "1" });
    await using at = await door(taken);
    const { fake, provider } = here;
    const creating = provider.create(specOf()).catch((thrown: unknown) => thrown);
    await fake.until(() => fake.object("sandboxclaims", claimOfA1) !== undefined);
    fake.put(podOfPool, runningAt(at.host, { ...identity, "berth.dev/incarnation": "another" }));
    fake.put(claimOfA1, served, "sandboxclaims");
    await letGo(fake);
    expect(await creating).toMatchObject({ code: "sandbox_create_failed" });
    expect(at.bindings).toEqual([]);
  });

  it("fails when the door of the pod is another's, and does not try again", async () => {
    await using here = await claiming();
    await using at = await door(Buffer.alloc(0));
    const { fake, provider, lives } = here;
    const creating = provider.create(specOf()).catch((thrown: unknown) => thrown);
    await serve(fake, at.host);
    await letGo(fake);
    expect(await creating).toMatchObject({
      code: "sandbox_create_failed",
      remedy: expect.stringContaining("kubernetes_key_file"),
    });
    expect(at.bindings).toHaveLength(1);
    expect(lives).toEqual([]);
  });

  it("of a build takes a pod of its own", async () => {
    await using here = await claiming();
    const { fake, provider } = here;
    const giveUp = new AbortController();
    const labels = { ...specOf().labels, purpose: "build:1" };
    const creating = provider.create(specOf({ labels }), { signal: giveUp.signal }).catch(() => undefined);
    await fake.until(() => fake.pod("berth-a1") !== undefined);
    expect(fake.names("sandboxclaims")).toEqual([]);
    giveUp.abort();
    await fake.until(() => fake.pod("berth-a1")?.metadata?.deletionTimestamp !== undefined);
    fake.remove("berth-a1");
    await creating;
  });

  it("is not begun in a cluster without the CRDs", async () => {
    const forgets = (fake: FakeApiServer) =>
      void (fake.refuse = ({ path }) =>
        path === "/apis/extensions.agents.x-k8s.io/v1beta1" ? { status: 404, body: {} } : undefined);
    await expect(claiming({}, forgets)).rejects.toMatchObject({
      code: "provider_unavailable",
      remedy: expect.stringContaining("kubernetes_claims"),
    });
  });
});

describe("a destroy of a claimed sandbox", () => {
  it("resolves only when the claim and the pod are gone, and takes one request that writes", async () => {
    await using here = await claiming();
    await using at = await door(taken);
    const { fake, provider } = here;
    const creating = provider.create(specOf({ expiresAtMs: Date.now() + 60_000 }));
    await serve(fake, at.host);
    const handle = await creating;
    let isOver = false;
    const destroying = provider.destroy(handle).then(() => (isOver = true));
    await fake.until(() => fake.object("sandboxclaims", claimOfA1)?.metadata?.deletionTimestamp !== undefined);
    fake.remove(claimOfA1, "sandboxclaims");
    await fake.until(() => fake.askedFor("GET", `/pods/${podOfPool}`).length > 0);
    expect(isOver).toBe(false);
    fake.remove(podOfPool);
    await destroying;
    expect(fake.askedFor("DELETE")).toHaveLength(1);
    expect(fake.askedFor("DELETE")[0]?.body).toMatchObject({ propagationPolicy: "Foreground" });
    expect(await provider.inspect(handle)).toEqual({ status: "gone" });
    await provider.destroy(handle);
  });

  it("leaves another sandbox's claim alone that has the same name by now", async () => {
    await using here = await claiming();
    await using at = await door(taken);
    const { fake, provider } = here;
    const creating = provider.create(specOf({ expiresAtMs: Date.now() + 60_000 }));
    await serve(fake, at.host);
    const handle = await creating;
    await provider.destroy({ ...handle, labels: { ...handle.labels, incarnation: "earlier" } });
    expect(fake.askedFor("DELETE")).toEqual([]);
  });
});

describe("what another installation left of a claimed sandbox", () => {
  it("is told with the claim that holds the pod, and a pod that waits is no residue", async () => {
    await using here = await claiming();
    const { fake, provider } = here;
    fake.put("waits", runningAt("127.0.0.1", { "berth.dev/owner": "them" }));
    const annotations = { ...identity, "berth.dev/owner": "them", "berth.dev/expires-at": "1" };
    fake.put(podOfPool, runningAt("127.0.0.1", annotations));
    expect(await provider.residue("me")).toMatchObject([
      { id: podOfPool, owner: "them", remedy: expect.stringContaining("kubectl delete sandboxclaim berth-a1") },
    ]);
  });
});
