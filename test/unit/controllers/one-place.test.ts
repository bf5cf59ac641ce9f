import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assertOnePlace } from "../../../src/controllers/one-place.ts";
import type { Store } from "../../../src/store/store.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";

const here = { place: "kubernetes/cluster-a/berth-sandboxes", words: "the namespace berth-sandboxes" };
const there = { place: "kubernetes/cluster-b/berth-sandboxes", words: "the namespace berth-sandboxes of cluster b" };

describe("controllers of one database", () => {
  let store: Store;

  beforeEach(async () => {
    store = await openSqliteStore(":memory:");
    await store.leases.renew({ id: "one", role: "controller", url: null }, 60_000);
  });
  afterEach(() => store.close());

  it("need no folder in common where the provider has a place of its own", async () => {
    await assertOnePlace(store, here, "one");
    await store.leases.renew({ id: "two", role: "controller", url: null }, 60_000);
    await expect(assertOnePlace(store, here, "two")).resolves.toBeUndefined();
  });

  it("are refused in another place while one lives, and told which", async () => {
    await assertOnePlace(store, here, "one");
    await store.leases.renew({ id: "two", role: "controller", url: null }, 60_000);
    await expect(assertOnePlace(store, there, "two")).rejects.toMatchObject({
      code: "invalid_config",
      message: expect.stringContaining(there.words),
    });
  });

  it("may move when nobody else is left", async () => {
    await assertOnePlace(store, here, "one");
    await store.leases.release("one");
    await store.leases.renew({ id: "two", role: "controller", url: null }, 60_000);
    await assertOnePlace(store, there, "two");
    expect(await store.place()).toBe(there.place);
  });
});
