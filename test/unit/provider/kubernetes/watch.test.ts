import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { ApiServer } from "../../../../src/provider/kubernetes/api-server.ts";
import { clusterAddress } from "../../../../src/provider/kubernetes/cluster-address.ts";
import { Watch } from "../../../../src/provider/kubernetes/watch.ts";
import { podsOf } from "../../../../src/provider/kubernetes/pods.ts";
import { TokenBucket } from "../../../../src/provider/kubernetes/token-bucket.ts";
import { FakeApiServer } from "../../../support/fake-api-server.ts";
import { kubeconfigFor } from "../../../support/kubeconfig.ts";

async function watching() {
  const stack = new AsyncDisposableStack();
  const fake = stack.use(await FakeApiServer.start());
  const folder = await mkdtemp(join(tmpdir(), "berth-watch-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(fake.url));
  const clock = systemClock;
  const turns = new TokenBucket({ perSecond: 1000, burst: 1000, clock });
  const api = new ApiServer({ address: clusterAddress({ kubeconfig, context: "" }), turns, clock });
  stack.defer(() => api.close());
  const watch = new Watch({ api, collection: podsOf(api, "n"), selector: "a=b", clock, log: silentLogger });
  stack.defer(() => watch.close());
  const phase = (name: string, wanted: string) =>
    watch.until(name, (pod) => (pod?.status?.phase === wanted ? true : undefined), AbortSignal.timeout(8_000));
  return { fake, watch, phase, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const inPhase = (phase: string) => ({ status: { phase } });

describe("a watch of pods", () => {
  it("knows what was there and what happens, by one list and one watch from its version", async () => {
    await using here = await watching();
    const { fake, watch, phase } = here;
    fake.put("before", inPhase("Running"));
    await watch.synced();
    await phase("before", "Running");
    fake.put("after", inPhase("Pending"));
    fake.put("after", inPhase("Running"));
    await phase("after", "Running");
    expect(fake.askedFor("GET").filter(({ query }) => !query.has("watch"))).toHaveLength(1);
    expect(fake.askedFor("GET").filter(({ query }) => query.has("watch"))).toHaveLength(1);
    expect(fake.askedFor("GET").every(({ query }) => query.get("labelSelector") === "a=b")).toBe(true);
  });

  it("goes on from where it was when it is broken off, and misses nothing of what came meanwhile", async () => {
    await using here = await watching();
    const { fake, phase, watch } = here;
    fake.put("one", inPhase("Pending"));
    await phase("one", "Pending");
    await fake.until(() => fake.watching === 1);
    fake.breakOff();
    fake.put("one", inPhase("Running"));
    fake.remove("one");
    fake.put("two", inPhase("Running"));
    await phase("two", "Running");
    expect(watch.get("one")).toBeUndefined();
    expect(fake.askedFor("GET").filter(({ query }) => !query.has("watch"))).toHaveLength(1);
  });

  it("lists anew when the version is forgotten, and learns what is gone", async () => {
    await using here = await watching();
    const { fake, phase, watch } = here;
    fake.put("gone", inPhase("Running"));
    fake.put("kept", inPhase("Pending"));
    await phase("gone", "Running");
    await fake.until(() => fake.watching === 1);
    const removed = watch.until("gone", (pod) => (pod === undefined ? true : undefined), AbortSignal.timeout(8_000));
    // Nothing of this is told to the present watch.
    const refuse = fake.refuse;
    fake.refuse = ({ query }) => (query.has("watch") ? { status: 503, body: {} } : undefined);
    fake.breakOff();
    await fake.until(() => fake.watching === 0);
    fake.remove("gone");
    fake.put("kept", inPhase("Running"));
    fake.forget();
    fake.refuse = refuse;
    await Promise.all([removed, phase("kept", "Running")]);
    expect(watch.all().map(({ metadata }) => metadata?.name)).toEqual(["kept"]);
  });

  it("lists anew when the watch itself says that its version is forgotten", async () => {
    await using here = await watching();
    const { fake, phase } = here;
    await fake.until(() => fake.watching === 1);
    fake.say({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
    await fake.until(() => fake.askedFor("GET").filter(({ query }) => !query.has("watch")).length === 2);
    fake.put("later", inPhase("Running"));
    await phase("later", "Running");
    expect(fake.watching).toBe(1);
  });

  it("goes on from a bookmark, though nothing of its own has happened since", async () => {
    await using here = await watching();
    const { fake, phase } = here;
    await fake.until(() => fake.watching === 1);
    fake.say({ type: "BOOKMARK", object: { kind: "Pod", metadata: { resourceVersion: "1000000" } } });
    fake.put("seen", { ...inPhase("Running"), metadata: {} });
    await phase("seen", "Running");
    fake.say({ type: "BOOKMARK", object: { kind: "Pod", metadata: { resourceVersion: "2000000" } } });
    fake.say({
      type: "MODIFIED",
      object: { metadata: { name: "mark", resourceVersion: "2000001" }, ...inPhase("Running") },
    });
    await phase("mark", "Running");
    fake.breakOff();
    const versions = () => fake.askedFor("GET").map(({ query }) => query.get("resourceVersion"));
    await fake.until(() => versions().length === 3);
    expect(versions().at(-1)).toBe("2000001");
  });

  it("tries again when the API server is not there, and who waited gets what it came for", async () => {
    await using here = await watching();
    const { fake, phase } = here;
    await fake.until(() => fake.watching === 1);
    let refusals = 2;
    fake.refuse = () => (refusals-- > 0 ? { status: 500, body: {} } : undefined);
    fake.breakOff();
    fake.put("later", inPhase("Running"));
    await phase("later", "Running");
    expect(refusals).toBeLessThan(0);
  });

  it("ends a wait with the waiter's reason, and with what the look throws", async () => {
    await using here = await watching();
    const { fake, watch } = here;
    const giveUp = new AbortController();
    const waiting = watch.until("never", () => undefined, giveUp.signal);
    giveUp.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    const thrown = watch.until(
      "bad",
      (pod) => {
        if (pod !== undefined) throw new Error("this will not do");
        return undefined;
      },
      AbortSignal.timeout(8_000),
    );
    fake.put("bad", {});
    await expect(thrown).rejects.toThrow("this will not do");
  });

  it("ends whoever waits for the first list when it is closed", async () => {
    await using here = await watching();
    const { fake, watch } = here;
    fake.refuse = () => ({ status: 503, body: {} });
    const waiting = watch.synced();
    watch.close();
    await expect(waiting).rejects.toMatchObject({ code: expect.stringMatching(/shutting_down|provider_unavailable/) });
  });
});
