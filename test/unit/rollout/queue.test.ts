import { expect, test, vi } from "vitest";
import { systemClock, type Clock } from "../../../src/core/clock.ts";
import { noMeasures } from "../../../src/core/measures.ts";
import type { Provider } from "../../../src/provider/provider.ts";
import { altered, codeOf, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";

const isOfRollout = (purpose: string) => !purpose.includes(":");

/** A provider that starts no sandbox of a rollout before it is told to, and the purposes in the order in which they started. */
function gated() {
  const open = Promise.withResolvers<void>();
  const started: string[] = [];
  const provider = (bare: Provider) =>
    altered(bare, () => ({
      create: async (spec, options) => {
        if (!isOfRollout(spec.labels.purpose)) return bare.create(spec, options);
        await open.promise;
        started.push(spec.labels.purpose);
        return bare.create(spec, options);
      },
    }));
  return { provider, started, open: open.resolve };
}

test("of ten times as many rollouts as there is room for, those that are accepted all end well, and the others hear when to come again", async () => {
  const gate = gated();
  await using controller = await memoryController({
    provider: gate.provider,
    limits: { waiting: 30, starting: 4, live: 1000 },
  });
  const { service } = controller;
  await service.registerEnvironment(smallEnvironment(), null);
  const create = (at: number) => service.create({ environment: "small", group: `g${at % 7}` }, `key-${at % 3}`);
  const tries = await Promise.allSettled(Array.from({ length: 300 }, (_, at) => create(at)));
  const refused = tries.filter((result) => result.status === "rejected");
  const accepted = tries.flatMap((result) => (result.status === "fulfilled" ? [result.value.rollout.rollout_id] : []));
  // The last tenth is for keys with less than a tenth, which none of these is; a few have left their places meanwhile to start.
  expect(accepted.length).toBeGreaterThanOrEqual(27);
  expect(accepted.length).toBeLessThanOrEqual(27 + 4);
  expect(accepted.length + refused.length).toBe(300);
  for (const { reason } of refused)
    expect(reason).toMatchObject({ code: "overloaded", status: 429, retryAfterSeconds: expect.any(Number) });
  gate.open();
  const verdicts = await Promise.all(
    accepted.map(async (id) => {
      await service.callTool(id, "shell", shell("echo 1 > answer"));
      return service.grade(id, {});
    }),
  );
  expect(verdicts.filter(({ status, reward }) => status === "scored" && reward === 1)).toHaveLength(accepted.length);
  expect((await create(0)).created).toBe(true);
});

test("neither a group nor a key starves another: one that comes last is served among the first", async () => {
  const gate = gated();
  await using controller = await memoryController({ provider: gate.provider, limits: { starting: 1 } });
  const { service } = controller;
  await service.registerEnvironment(smallEnvironment(), null);
  const create = async (group: string, key: string) =>
    (await service.create({ environment: "small", group }, key)).rollout.rollout_id;
  for (let count = 0; count < 40; count++) await create("large", "busy");
  const [small, other] = [await create("small", "busy"), await create("large", "idle")];
  gate.open();
  for (const id of [small, other]) await service.callTool(id, "shell", shell("true"));
  await vi.waitFor(() => expect(gate.started).toHaveLength(42));
  expect([gate.started.indexOf(small) < 8, gate.started.indexOf(other) < 8]).toEqual([true, true]);
});

test("a rollout whose sandbox is not ready in the time that it has fails with its deadline, and leaves its place to others", async () => {
  const gate = gated();
  await using controller = await memoryController({ provider: gate.provider, limits: { waiting: 1, starting: 1 } });
  const { service } = controller;
  await service.create({ environment: smallEnvironment({ name: "first" }) });
  await vi.waitFor(async () => expect(await service.list({ limit: 1, status: ["preparing"] })).toHaveLength(1));
  const { rollout } = await service.create({ environment: smallEnvironment(), ready_within_seconds: 1 });
  expect(await codeOf(service.create({ environment: smallEnvironment() }))).toBe("overloaded");
  expect(await service.waitUntilSettled(rollout.rollout_id, 8_000)).toMatchObject({
    status: "failed",
    error: { code: "queue_deadline", cause: "infra", retryable: true },
  });
  expect((await service.create({ environment: smallEnvironment() })).created).toBe(true);
  gate.open();
});

test("a rollout whose time was over while no controller ran fails at once, and who created it is still known", async () => {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + aheadMs };
  const gate = gated();
  await using controller = await memoryController({ clock, provider: gate.provider });
  const created = await controller.service.create(
    { environment: smallEnvironment(), ready_within_seconds: 3_600 },
    "trainer",
  );
  expect(created.rollout).toMatchObject({ created_by: "trainer", ready_by: expect.stringContaining("T") });
  aheadMs = 3_600_000;
  await controller.restart();
  expect(await controller.service.waitUntilSettled(created.rollout.rollout_id, 5_000)).toMatchObject({
    status: "failed",
    created_by: "trainer",
    error: { code: "queue_deadline" },
  });
  gate.open();
});

test("when every place is taken by a rollout and all are graded at once, all get their verdicts", async () => {
  const live = 24;
  let used = 0;
  const gigabyte = 1024 ** 3;
  // Full as it was filled: nothing is left for another rollout, and too little for two gradings.
  const availableMemory = async () => (used >= live ? 0.1 * gigabyte : undefined);
  await using controller = await memoryController({
    availableMemory,
    limits: { live, waiting: live, starting: 2, gradings: 4 },
  });
  const { service } = controller;
  const ids: string[] = [];
  for (let count = 0; count < live; count++) {
    const { rollout_id } = await controller.rollout();
    ids.push(rollout_id);
    used++;
  }
  await Promise.all(ids.map((id) => service.callTool(id, "shell", shell("echo 1 > answer"))));
  expect(await codeOf(service.create({ environment: smallEnvironment() }))).toBe("overloaded");
  const verdicts = await Promise.all(ids.map((id) => service.grade(id, {})));
  expect(verdicts.map(({ status, reward }) => [status, reward])).toEqual(ids.map(() => ["scored", 1]));
});

test("gradings that wait are told, and each key has its turn", async () => {
  const told: number[] = [];
  const measures = {
    ...noMeasures,
    waiting: (kind: string, count: number) => void (kind === "grading" && told.push(count)),
  };
  await using controller = await memoryController({ measures, limits: { gradings: 1 } });
  const ids = await Promise.all([1, 2, 3, 4].map(async () => (await controller.rollout()).rollout_id));
  await Promise.all(ids.map((id) => controller.service.grade(id, {})));
  expect([Math.max(...told) > 1, told.at(-1)]).toEqual([true, 0]);
});
