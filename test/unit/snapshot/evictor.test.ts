import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { CachedItem } from "../../../src/snapshot/eviction.ts";
import { Evictor, type Cache } from "../../../src/snapshot/evictor.ts";

const limits = { maxBytes: 100, maxAgeMs: 86_400_000, recentMs: 1_000 };

function fakeCache(ids: readonly string[], evict: Cache["evict"] = async () => true) {
  const items = new Map(
    ids.map((id, n): [string, CachedItem] => [
      id,
      { kind: "mirror", id, name: id, bytes: 60, lastUsedMs: Date.now() - 60_000 + n, inUse: false },
    ]),
  );
  return {
    items,
    list: vi.fn<Cache["list"]>(async () => [...items.values()]),
    evict: vi.fn<Cache["evict"]>(async (id, since) => {
      const gone = await evict(id, since);
      if (gone) items.delete(id);
      return gone;
    }),
  };
}

const evictorOf = (...caches: Cache[]) =>
  new Evictor({ groups: caches.map((cache) => ({ caches: [cache], limits })), clock: systemClock, log: silentLogger });

describe("an evictor", () => {
  test("plans without touching anything, and says why", async () => {
    const cache = fakeCache(["a", "b"]);
    const plan = await evictorOf(cache).plan();
    expect(plan.map(({ item, reason }) => [item.id, reason])).toEqual([
      ["a", "all are more than 100 B, and it was used longest ago (0.0 days)"],
    ]);
    expect(cache.evict).not.toHaveBeenCalled();
  });

  test("brings each group under its own limit", async () => {
    const [one, two] = [fakeCache(["a", "b"]), fakeCache(["c"])];
    await evictorOf(one, two).sweep();
    expect([[...one.items.keys()], [...two.items.keys()]]).toEqual([["b"], ["c"]]);
  });

  test("goes on behind what fails or came to be used, and tells which", async () => {
    const cache = fakeCache(["a", "b", "c", "d"], async (id) => {
      if (id === "a") throw new Error("busy");
      return id !== "b";
    });
    const results = await evictorOf(cache).sweep();
    expect(results.map(({ item, outcome }) => [item.id, outcome])).toEqual([
      ["a", "failed"],
      ["b", "kept"],
      ["c", "evicted"],
    ]);
  });

  test("sweeps one at a time, and once more for all that asked meanwhile", async () => {
    const listed = Promise.withResolvers<void>();
    const cache = fakeCache([]);
    cache.list.mockImplementationOnce(async () => {
      await listed.promise;
      return [];
    });
    const evictor = evictorOf(cache);
    for (let n = 0; n < 5; n++) evictor.soon();
    expect(cache.list).toHaveBeenCalledTimes(1);
    listed.resolve();
    await vi.waitFor(() => expect(cache.list).toHaveBeenCalledTimes(2));
    await evictor.close();
    expect(cache.list).toHaveBeenCalledTimes(2);
  });

  test("that is closed finishes what it evicts and begins nothing more", async () => {
    const evicting = Promise.withResolvers<void>();
    const cache = fakeCache(["a", "b", "c"], async () => {
      await evicting.promise;
      return true;
    });
    const evictor = evictorOf(cache);
    const sweep = evictor.sweep();
    await vi.waitFor(() => expect(cache.evict).toHaveBeenCalledOnce());
    const closed = evictor.close();
    evicting.resolve();
    await closed;
    expect((await sweep).map(({ item }) => item.id)).toEqual(["a"]);
    evictor.soon();
    expect(cache.list).toHaveBeenCalledOnce();
  });

  test("survives a listing that fails", async () => {
    const cache = fakeCache(["a", "b"]);
    cache.list.mockRejectedValueOnce(new Error("down"));
    const evictor = evictorOf(cache);
    evictor.soon();
    await vi.waitFor(() => expect(cache.list).toHaveBeenCalledOnce());
    await vi.waitFor(async () => expect((await evictor.sweep()).length).toBe(1));
    await evictor.close();
  });
});
