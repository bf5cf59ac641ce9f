import { expect, test, vi } from "vitest";
import type { Measures } from "../../../src/core/measures.ts";
import { noMeasures } from "../../../src/core/measures.ts";
import { BerthError } from "../../../src/core/errors.ts";
import { altered, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";

/** A controller with a pool, and what it says of it. */
async function pooled(change: Parameters<typeof memoryController>[0] = {}, limit = 4) {
  const told = { hits: 0, misses: 0, ready: 0 };
  const measures: Measures = {
    ...noMeasures,
    poolHit: () => void told.hits++,
    poolMiss: () => void told.misses++,
    poolReady: (_environment, count) => (told.ready = count),
  };
  const controller = await memoryController({ ...change, measures, limits: { pool: limit, ...change.limits } });
  const ready = (count: number) => vi.waitFor(() => expect(told.ready).toBe(count), { timeout: 5_000, interval: 5 });
  return {
    ...controller,
    controller,
    service: controller.service,
    told,
    ready,
    async [Symbol.asyncDispose]() {
      await controller.service.drain(5_000);
      await controller[Symbol.asyncDispose]();
    },
  };
}

test("a rollout takes a sandbox that was started before it, no other rollout gets the same one, and the next is started", async () => {
  await using pool = await pooled();
  await pool.service.registerEnvironment(smallEnvironment({ warm: 2 }), null);
  await pool.ready(2);
  const one = await pool.service.create({ environment: "small" });
  const two = await pool.service.create({ environment: "small" });
  for (const { rollout } of [one, two])
    expect((await pool.service.waitUntilSettled(rollout.rollout_id, 5_000)).status).toBe("active");
  expect(pool.told).toMatchObject({ hits: 2, misses: 0 });
  await pool.service.callTool(one.rollout.rollout_id, "shell", shell("echo mine > kept"));
  const other = await pool.service.callTool(two.rollout.rollout_id, "shell", shell("ls"));
  expect(other.output).not.toContain("kept");
  await pool.ready(2);
});

test("the pool grows to what was asked for at once, and not beyond its limit", async () => {
  await using pool = await pooled();
  expect((await pool.controller.rollout()).status).toBe("active");
  expect(pool.told).toMatchObject({ hits: 0, misses: 1, ready: 0 });
  await Promise.all([1, 2, 3, 4, 5, 6].map(() => pool.controller.rollout()));
  await pool.ready(4);
  expect(pool.controller.sandboxes()).toHaveLength(7 + 4);
});

test("a sandbox of the pool that no longer answers is replaced, and no rollout sees it", async () => {
  await using pool = await pooled();
  await pool.service.registerEnvironment(smallEnvironment({ warm: 1 }), null);
  await pool.ready(1);
  const [handle] = pool.controller.sandboxes();
  if (handle) await pool.controller.launcher.provider.destroy(handle);
  const { rollout } = await pool.service.create({ environment: "small" });
  expect((await pool.service.waitUntilSettled(rollout.rollout_id, 5_000)).status).toBe("active");
  expect(pool.told).toMatchObject({ hits: 0, misses: 1 });
});

test("after a crash a rollout has its sandbox again that came from the pool, and those that nobody took are gone", async () => {
  await using pool = await pooled();
  await pool.service.registerEnvironment(smallEnvironment({ warm: 2 }), null);
  await pool.ready(2);
  const { rollout } = await pool.service.create({ environment: "small" });
  await pool.service.waitUntilSettled(rollout.rollout_id, 5_000);
  await pool.service.callTool(rollout.rollout_id, "shell", shell("echo mine > kept"));
  await pool.ready(2);
  await pool.service.drain(5_000);
  await pool.controller.restart({ crash: true, limits: { pool: 0 } });
  expect(pool.controller.sandboxes()).toHaveLength(1);
  const { service } = pool.controller;
  expect((await service.callTool(rollout.rollout_id, "shell", shell("cat kept"))).output).toContain("mine");
  await service.close(rollout.rollout_id);
  expect(pool.controller.sandboxes()).toEqual([]);
});

test("a shutdown leaves no sandbox that waits, and keeps those that work", async () => {
  await using pool = await pooled();
  await pool.service.registerEnvironment(smallEnvironment({ warm: 3 }), null);
  await pool.ready(3);
  const { rollout } = await pool.service.create({ environment: "small" });
  await pool.service.waitUntilSettled(rollout.rollout_id, 5_000);
  await pool.service.drain(5_000);
  expect(pool.controller.sandboxes()).toHaveLength(1);
});

test("a snapshot that is removed takes its waiting sandboxes with it, and is built again for the next rollout", async () => {
  await using pool = await pooled();
  await pool.service.registerEnvironment(smallEnvironment({ warm: 2 }), null);
  await pool.ready(2);
  expect(await pool.service.removeSnapshot("small")).toBe(true);
  expect(pool.controller.sandboxes()).toEqual([]);
  expect((await pool.controller.rollout()).status).toBe("active");
});

test("an environment that wants none ready any more keeps none without demand", async () => {
  await using pool = await pooled();
  await pool.service.registerEnvironment(smallEnvironment({ warm: 2 }), null);
  await pool.ready(2);
  await pool.service.registerEnvironment(smallEnvironment({ warm: 0 }), null);
  await pool.ready(0);
  await vi.waitFor(() => expect(pool.controller.sandboxes()).toEqual([]));
});

test("a pool whose sandboxes do not start holds up no rollout, and tries again only after a while", async () => {
  let refused = 0;
  await using pool = await pooled({
    provider: (bare) =>
      altered(bare, () => ({
        create: async (spec, options) => {
          if (!spec.labels.purpose.startsWith("pool:")) return bare.create(spec, options);
          refused++;
          throw new BerthError("sandbox_create_failed", "No.");
        },
      })),
  });
  await Promise.all([1, 2, 3].map(() => pool.controller.rollout()));
  await vi.waitFor(() => expect(refused).toBeGreaterThan(0));
  expect((await pool.controller.rollout()).status).toBe("active");
  expect(refused).toBeLessThanOrEqual(3);
});
