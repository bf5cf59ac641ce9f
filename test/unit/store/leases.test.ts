import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Claim, Fences } from "../../../src/store/leases.ts";
import type { Store } from "../../../src/store/store.ts";
import { newDatabase, whyNoPostgres } from "../../support/postgres-database.ts";

const id = "00000000-0000-4000-8000-000000000001";
const at = "2026-01-01T00:00:00.000Z";
const environment = environmentSchema.parse({ name: "click" });
const LONG_MS = 600_000;

const newRollout = (rolloutId = id) => ({
  id: rolloutId,
  environment: { environment, baseDir: null },
  group: null,
  labels: {},
  provider: "memory",
  createdAt: at,
});
const call = { callId: "c1", tool: "shell", effect: "write" as const, arguments: {}, startedAt: at };
const changes = { snapshot: "0".repeat(64), written: [], deleted: [], refused: [] };
const verdict = { status: "scored" as const, reward: 1, parts: [], flags: [], duration_ms: 1 };
const output = { output: "done", truncated: false };

/** A controller as the store sees it: who it is and what it believes to hold. */
function holder(controller: string) {
  const held = new Map<string, Claim>();
  const lost: string[] = [];
  const fences: Fences = {
    controller,
    of: (rolloutId) => held.get(rolloutId),
    took: (rolloutId, claim) => void held.set(rolloutId, claim),
    lost: (rolloutId) => void lost.push(rolloutId),
  };
  return { fences, held, lost };
}

async function joined(store: Store, controller: string, leaseMs = LONG_MS) {
  await store.leases.renew({ id: controller, role: "controller", url: `http://${controller}` }, leaseMs);
  const { fences, held, lost } = holder(controller);
  return { store: store.fencedBy(fences), held, lost };
}

const regrading = {
  regrading_id: "00000000-0000-4000-8000-000000000009",
  graded_at: "2026-01-01T00:00:00.000Z",
  graders: [],
  reward: null,
  answer: null,
  verdict,
};

/** Every way of writing about a rollout. */
const writes: Record<string, (store: Store) => Promise<unknown>> = {
  updateRollout: (store) => store.updateRollout(id, { status: "active" }),
  reserveCall: (store) => store.reserveCall(id, { ...call, callId: "c2" }),
  finishCall: (store) => store.finishCall(id, "c1", output, 1),
  markCallUnknown: (store) => store.markCallUnknown(id, "c1"),
  markInterruptedCalls: (store) => store.markInterruptedCalls(id),
  saveEgress: (store) => store.saveEgress(id, { allowed: 1, denied: 0, denials: [] }),
  saveChangeSet: (store) => store.saveChangeSet(id, changes),
  saveVerdict: (store) => store.saveVerdict(id, verdict),
  addRegrading: (store) => store.addRegrading(id, regrading),
  recordIntent: (store) => store.recordIntent({ id: "b", provider: "memory", purpose: id, incarnation: "1" }, id),
};

const places: Record<string, { why?: string | undefined; open: () => Promise<Store & Partial<AsyncDisposable>> }> = {
  sqlite: { open: () => openSqliteStore(":memory:") },
  PostgreSQL: {
    why: whyNoPostgres(),
    open: async () => {
      const database = await newDatabase();
      const store = await openPostgresStore(database.url, { log: silentLogger });
      const close = store.close.bind(store);
      return Object.assign(store, {
        close: async () => {
          await close();
          await database[Symbol.asyncDispose]();
        },
      });
    },
  },
};

describe.each(Object.entries(places))("leases in %s", (_name, { why, open }) => {
  let store: Store;

  beforeEach(async ({ skip }) => {
    skip(why !== undefined, why);
    store = await open();
  });

  afterEach(async () => {
    if (why === undefined) await store.close();
  });

  test("a rollout is its creator's, and nobody else's as long as that one's lease lasts", async () => {
    const one = await joined(store, "one");
    await joined(store, "two");
    await one.store.createRollout(newRollout());
    expect(one.held.get(id)).toEqual({ controller: "one", epoch: 1 });
    expect(await store.leases.holder(id)).toEqual({ controller: "one", epoch: 1, url: "http://one" });
    expect(await store.leases.free(10)).toEqual([]);
    expect(await store.leases.free(10, "one")).toEqual([id]);
    expect(await store.leases.claim(id, "two")).toBeUndefined();
    expect(await store.leases.claim(id, "one")).toEqual({ controller: "one", epoch: 2 });
  });

  test("a rollout whose holder's lease has ended is one other's, however many ask for it", async () => {
    const one = await joined(store, "one", -1);
    await one.store.createRollout(newRollout());
    expect(await store.leases.holder(id)).toBeUndefined();
    expect(await store.leases.free(10)).toEqual([id]);
    expect(await store.leases.claim(id, "one"), "its own lease has ended").toBeUndefined();
    const names = ["two", "three", "four", "five"];
    for (const name of names) await joined(store, name);
    const claims = await Promise.all(names.map((name) => store.leases.claim(id, name)));
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    expect(await store.leases.free(10)).toEqual([]);
  });

  test("what is given back, or was held by one that left, is free at once", async () => {
    const one = await joined(store, "one");
    await joined(store, "two");
    await one.store.createRollout(newRollout());
    await store.leases.giveBack(id, { controller: "one", epoch: 7 });
    expect(await store.leases.holder(id)).toMatchObject({ controller: "one" });
    await store.leases.giveBack(id, { controller: "one", epoch: 1 });
    expect(await store.leases.free(10)).toEqual([id]);
    expect(await store.leases.claim(id, "two")).toEqual({ controller: "two", epoch: 2 });
    await store.leases.release("two");
    expect(await store.leases.claim(id, "one")).toEqual({ controller: "one", epoch: 3 });
    await joined(store, "command");
    await store.leases.renew({ id: "command", role: "command", url: null }, LONG_MS);
    await store.leases.renew({ id: "build", role: "command", url: null }, LONG_MS);
    await store.leases.releaseControllers();
    expect(await store.leases.live()).toEqual([{ id: "build", role: "command", url: null }]);
  });

  test("no write of a holder that was replaced is carried out, and it learns why", async () => {
    const one = await joined(store, "one");
    await joined(store, "two");
    await one.store.createRollout(newRollout());
    await one.store.reserveCall(id, call);
    for (const [name, write] of Object.entries(writes)) {
      if (
        name !== "saveVerdict" &&
        name !== "addRegrading" &&
        name !== "saveChangeSet" &&
        !name.startsWith("mark") &&
        name !== "finishCall"
      )
        await expect(write(one.store), `${name} of the holder`).resolves.not.toThrow();
    }
    await store.leases.release("one");
    expect(await store.leases.claim(id, "two")).toEqual({ controller: "two", epoch: 2 });
    const before = JSON.stringify([await store.rollout(id), await store.trajectory(id), await store.intents()]);
    for (const [name, write] of Object.entries(writes))
      await expect(write(one.store), name).rejects.toMatchObject({ code: "fenced", retryable: true });
    expect(JSON.stringify([await store.rollout(id), await store.trajectory(id), await store.intents()])).toBe(before);
    expect(one.lost).toHaveLength(Object.keys(writes).length);
  });

  test("about a rollout that has ended anyone may write what is missing, about another nobody who does not hold it", async () => {
    const one = await joined(store, "one");
    const two = await joined(store, "two");
    await one.store.createRollout(newRollout());
    await expect(two.store.saveVerdict(id, verdict)).rejects.toMatchObject({ code: "fenced" });
    await one.store.updateRollout(id, { status: "expired" });
    expect(await two.store.saveVerdict(id, verdict)).toEqual(verdict);
  });
});
