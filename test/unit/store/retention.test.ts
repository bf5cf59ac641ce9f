import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { environment } from "../../../src/model/environment.ts";
import { Retention } from "../../../src/store/retention.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";

const DAY_MS = 86_400_000;
const now = Date.UTC(2026, 5, 1);
const clock = { ...systemClock, now: () => now };
const ago = (days: number) => new Date(now - days * DAY_MS).toISOString();
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const about = { environment: { environment: environment.parse({ name: "click" }), baseDir: null }, group: null };

const retentionOf = (store: Store, days: number) =>
  new Retention({ store, days, auditDays: 0, clock, log: silentLogger });

async function ended(store: Store, n: number, daysAgo: number): Promise<void> {
  await store.createRollout({ id: uuid(n), ...about, labels: {}, provider: "memory", createdAt: ago(daysAgo) });
  await store.updateRollout(uuid(n), { status: "closed", ended_at: ago(daysAgo) });
}

test("rollouts that ended longer ago than the days say are removed, however many; later ones stay", async () => {
  const store = await openSqliteStore(":memory:");
  for (let n = 0; n < 90; n++) await ended(store, n, n < 45 ? 31 : 29);
  const retention = retentionOf(store, 30);
  expect(await retention.due()).toBe(45);
  expect((await store.rollouts({ limit: 100 })).length).toBe(90);
  expect(await retention.sweep()).toBe(45);
  expect((await store.rollouts({ limit: 100 })).length).toBe(45);
  expect(await retention.due()).toBe(0);
  await retention.close();
  await store.close();
});

test("without a number of days everything is kept", async () => {
  const store = await openSqliteStore(":memory:");
  await ended(store, 1, 30_000);
  const retention = retentionOf(store, 0);
  expect([await retention.due(), await retention.sweep()]).toEqual([0, 0]);
  expect(await store.rollout(uuid(1))).toBeDefined();
  await store.close();
});

test("it sweeps when it is started, outlives a store that fails, and starts nothing after it was closed", async () => {
  const removeEndedBefore = vi.fn<Store["removeEndedBefore"]>(async () => {
    throw new Error("The database is away.");
  });
  const retention = retentionOf({ removeEndedBefore } as Partial<Store> as Store, 1);
  retention.start(1);
  await vi.waitFor(() => expect(removeEndedBefore.mock.calls.length).toBeGreaterThan(1), { interval: 1 });
  await retention.close();
  const calls = removeEndedBefore.mock.calls.length;
  removeEndedBefore.mockResolvedValue(20);
  expect(await retention.sweep()).toBe(0);
  expect(removeEndedBefore).toHaveBeenCalledTimes(calls);
});

test("a sweep that is under way when it is closed ends after what it is removing", async () => {
  const removing = Promise.withResolvers<number>();
  const removeEndedBefore = vi.fn<Store["removeEndedBefore"]>(() => removing.promise);
  const retention = retentionOf({ removeEndedBefore } as Partial<Store> as Store, 1);
  const sweep = retention.sweep();
  const closed = retention.close();
  removing.resolve(20);
  await closed;
  expect(await sweep).toBe(20);
  expect(removeEndedBefore).toHaveBeenCalledTimes(1);
});

test("a file whose old records are removed grows no further: their pages are used again", async () => {
  const dir = await mkdtemp(join(tmpdir(), "berth-retention-"));
  try {
    const file = join(dir, "berth.db");
    const sizes: number[] = [];
    for (let round = 0; round < 4; round++) {
      const store = await openSqliteStore(file);
      for (let n = 0; n < 40; n++) {
        await ended(store, n, 31);
        const content = String(n).repeat(10_000);
        const written = [{ path: "a", executable: false, content }];
        await store.saveChangeSet(uuid(n), { snapshot: "0".repeat(64), written, deleted: [], refused: [] });
      }
      expect(await retentionOf(store, 30).sweep()).toBe(40);
      await store.close();
      sizes.push((await stat(file)).size);
    }
    expect(sizes[0]).toBeGreaterThan(400_000);
    expect(Math.max(...sizes)).toBe(sizes[0]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
