import { EventEmitter, once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { unfinishedStatuses } from "../../../src/model/rollout.ts";
import { snapshotCache } from "../../../src/snapshot/caches.ts";
import { altered, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";

type Controller = Awaited<ReturnType<typeof memoryController>>;

const soon = { timeout: 8_000, interval: 10 };

const cacheOf = ({ builder, store, launcher }: Controller) =>
  snapshotCache(builder, {
    owner: "ours",
    ofRollouts: () => store.snapshotsOf(unfinishedStatuses),
    sandboxes: () => launcher.list(),
  });

test("a snapshot is in use while it is built and as long as a rollout stands on it, also after a restart", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout } = await service.create({ environment: smallEnvironment({ setup: ["sleep 0.2"] }) });
  await vi.waitFor(() => expect(controller.sandboxes()).toHaveLength(1), soon);
  const key = controller.sandboxes()[0]?.labels.purpose.replace("build:", "") ?? "";
  expect(await controller.builder.evict(key, Infinity)).toBe(false);
  expect(await service.waitUntilSettled(rollout.rollout_id, 8_000)).toMatchObject({ status: "active", snapshot: key });
  expect(await cacheOf(controller).list()).toMatchObject([{ kind: "snapshot", id: key, inUse: true }]);
  await controller.restart();
  expect(await cacheOf(controller).list()).toMatchObject([{ id: key, inUse: true }]);
  await controller.service.close(rollout.rollout_id);
  expect(await cacheOf(controller).list()).toMatchObject([{ id: key, inUse: false }]);
});

test("a snapshot of another installation is none of ours to evict", async () => {
  await using controller = await memoryController();
  const { rollout_id } = await controller.rollout();
  await controller.service.close(rollout_id);
  expect(await controller.builder.kept("ours")).toHaveLength(1);
  expect(await controller.builder.kept("theirs")).toEqual([]);
});

test("rollouts start from a snapshot that is evicted whenever nobody holds it, also while it goes", async () => {
  const goes = new EventEmitter();
  await using controller = await memoryController({
    limits: { starting: 8 },
    provider: (bare) =>
      altered(bare, () => ({
        snapshots: {
          ...bare.snapshots,
          remove: async (key) => {
            goes.emit("go");
            for (let turn = 0; turn < 5; turn++) await setImmediate();
            await bare.snapshots.remove(key);
          },
        },
      })),
  });
  const { service, builder } = controller;
  const first = await controller.rollout();
  const over = new AbortController();
  const evictions = (async () => {
    let count = 0;
    for (; !over.signal.aborted; await setImmediate()) if (await builder.evict(first.snapshot ?? "", Infinity)) count++;
    return count;
  })();
  const create = () => service.create({ environment: smallEnvironment() });
  for (let round = 0; round < 10; round++) {
    await once(goes, "go");
    const created = await Promise.all(Array.from({ length: 4 }, create));
    const settled = await Promise.all(
      created.map(({ rollout }) => service.waitUntilSettled(rollout.rollout_id, 8_000)),
    );
    expect(new Set(settled.map(({ status, snapshot }) => `${status} ${snapshot}`))).toEqual(
      new Set([`active ${first.snapshot}`]),
    );
  }
  over.abort();
  expect(await evictions).toBeGreaterThanOrEqual(10);
});

test("what expired is graded from its snapshot, which is built again when it was evicted", async () => {
  await using controller = await memoryController();
  const { service, builder, world } = controller;
  const { rollout_id, snapshot } = await controller.rollout({ budget: { idle_seconds: 1 } });
  await service.callTool(rollout_id, "shell", shell("echo 0.5 > answer"));
  await vi.waitFor(async () => expect((await service.get(rollout_id)).status).toBe("expired"), soon);
  expect(await builder.evict(snapshot ?? "", Infinity)).toBe(true);
  expect(world.snapshots.size).toBe(0);
  expect(await service.grade(rollout_id, {})).toMatchObject({ status: "scored", reward: 0.5 });
  expect([...world.snapshots.keys()]).toEqual([snapshot]);
});

test("what cannot be built again as it was is not graded from something else", async () => {
  await using controller = await memoryController();
  const environment = smallEnvironment();
  const other = "0".repeat(64);
  await expect(controller.builder.restore(other, environment)).rejects.toMatchObject({ code: "sandbox_create_failed" });
  expect(controller.world.snapshots.size).toBe(0);
});

test("a snapshot that is to be removed while it is built is removed behind that", async () => {
  await using controller = await memoryController();
  const { builder, world } = controller;
  const environment = smallEnvironment({ setup: ["sleep 0.2"] });
  const building = builder.ensure(environment).then((lease) => lease[Symbol.dispose]());
  await vi.waitFor(() => expect(controller.sandboxes()).toHaveLength(1), soon);
  expect(await builder.remove(environment)).toBe(true);
  await building;
  expect(world.snapshots.size).toBe(0);
  expect(await builder.kept("ours")).toEqual([]);
});
