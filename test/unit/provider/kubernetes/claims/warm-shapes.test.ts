import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../../../src/core/log.ts";
import { coldAfterMs, WarmShapes } from "../../../../../src/provider/kubernetes/claims/warm-shapes.ts";
import type { SandboxClaim } from "../../../../../src/provider/kubernetes/claims/resources.ts";
import type { Shape } from "../../../../../src/provider/kubernetes/claims/shape.ts";
import type { ApiObject, Collection } from "../../../../../src/provider/kubernetes/collection.ts";
import { ApiRefusal } from "../../../../../src/provider/kubernetes/refusal.ts";
import type { Watch } from "../../../../../src/provider/kubernetes/watch.ts";

/** A collection without a server. */
function kept(what: string) {
  const names = new Set<string>();
  const asked: string[] = [];
  const refuse = { times: 0 };
  const collection = {
    what,
    path: "",
    create: async (object: ApiObject) => {
      const name = object.metadata?.name ?? "";
      asked.push(name);
      if (refuse.times-- > 0) throw new ApiRefusal(`create ${name}`, 403, {});
      if (names.has(name)) throw new ApiRefusal(`create ${name}`, 409, {});
      names.add(name);
      return object;
    },
    read: async () => undefined,
    remove: async (name: string) => void names.delete(name),
    list: async () => ({ items: [...names].map((name) => ({ metadata: { name, uid: name } })), version: "" }),
  };
  return { names, asked, refuse, collection: collection as unknown as Collection<never> };
}

function warmShapes() {
  const templates = kept("templates");
  const warmPools = kept("pools");
  const claims: { spec: { warmPoolRef: { name: string } } }[] = [];
  let nowMs = 0;
  const watch = { synced: async () => undefined, all: () => claims } as unknown as Watch<SandboxClaim>;
  const shapes = new WarmShapes({
    resources: { templates: templates.collection, warmPools: warmPools.collection },
    claimsOf: () => watch,
    clock: {
      now: () => nowMs,
      monotonic: () => nowMs,
      sleep: () => new Promise<void>(() => undefined),
      alarm: () => ({ [Symbol.dispose]: () => undefined }),
    },
    log: silentLogger,
  });
  return { shapes, templates, warmPools, claims, later: (ms: number) => void (nowMs += ms) };
}

const shape = (name: string): Shape => {
  const metadata = { name };
  return { name, template: { metadata }, warmPool: { metadata } } as unknown as Shape;
};

describe("the shapes of an installation", () => {
  it("are made once, also when another controller has made them, and when many ask at once", async () => {
    const { shapes, templates, warmPools } = warmShapes();
    templates.names.add("a");
    await Promise.all([shapes.ensure(shape("a")), shapes.ensure(shape("a"))]);
    await shapes.ensure(shape("a"));
    expect([templates.asked, warmPools.asked]).toEqual([["a"], ["a"]]);
    expect([...warmPools.names]).toEqual(["a"]);
  });

  it("are gone when nobody claimed from them for a while, whoever made them", async () => {
    const { shapes, templates, warmPools, later } = warmShapes();
    await shapes.ensure(shape("mine"));
    warmPools.names.add("of-an-earlier-life");
    templates.names.add("without-a-pool");
    expect(await shapes.sweep("me")).toEqual([]);
    later(coldAfterMs);
    expect(await shapes.sweep("me")).toEqual([]);
    later(1);
    expect((await shapes.sweep("me")).toSorted()).toEqual(["mine", "of-an-earlier-life", "without-a-pool"]);
    expect([...templates.names, ...warmPools.names]).toEqual([]);
  });

  it("stay as long as there is a claim, and a while after the last one", async () => {
    const { shapes, warmPools, claims, later } = warmShapes();
    await shapes.ensure(shape("a"));
    claims.push({ spec: { warmPoolRef: { name: "a" } } });
    later(2 * coldAfterMs);
    expect(await shapes.sweep("me")).toEqual([]);
    claims.pop();
    later(coldAfterMs);
    expect(await shapes.sweep("me")).toEqual([]);
    later(1);
    expect(await shapes.sweep("me")).toEqual(["a"]);
    await shapes.ensure(shape("a"));
    expect([...warmPools.names]).toEqual(["a"]);
  });

  it("that could not be made are asked for again by the next", async () => {
    const { shapes, warmPools } = warmShapes();
    warmPools.refuse.times = 1;
    await expect(shapes.ensure(shape("a"))).rejects.toThrow(ApiRefusal);
    await shapes.ensure(shape("a"));
    expect([...warmPools.names]).toEqual(["a"]);
  });
});
