import { expect, test, vi } from "vitest";
import { systemClock, type Clock } from "../../../src/core/clock.ts";
import { altered, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";

/** The rounds of a controller come when the test says so. */
function roundsOnCall() {
  const due: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) =>
      ms < 1_000
        ? systemClock.sleep(ms, signal)
        : new Promise((resolve, reject) => {
            due.push(resolve);
            signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
          }),
  };
  return { clock, round: () => due.splice(0).forEach((resolve) => resolve()) };
}

test("a sandbox that is gone ends its rollout, typed, without waiting for a call", async () => {
  const { clock, round } = roundsOnCall();
  await using controller = await memoryController({ clock });
  await controller.restart();
  const gone = await controller.rollout();
  const oom = await controller.rollout();
  const lives = await controller.rollout();
  const sandboxOf = (id: string) => controller.sandboxes().find(({ labels }) => labels.purpose === id)!.id;
  await controller.world.crash(sandboxOf(gone.rollout_id));
  await controller.world.crash(sandboxOf(oom.rollout_id), { oom: true });
  round();
  const ended = async (id: string) => (await controller.service.get(id)).error?.code;
  await vi.waitFor(async () => expect(await ended(gone.rollout_id)).toBe("sandbox_lost"));
  await vi.waitFor(async () => expect(await ended(oom.rollout_id)).toBe("sandbox_oom"));
  expect(await controller.service.get(lives.rollout_id)).toMatchObject({ status: "active", error: null });
});

test("the sandbox of an active rollout is prolonged in every round, for longer than rounds are apart", async () => {
  const { clock, round } = roundsOnCall();
  const asked: number[] = [];
  await using controller = await memoryController({
    clock,
    connect: (connect) => async (options) => {
      const guest = await connect(options);
      return altered(guest, () => ({
        prolong: async (forMs: number) => {
          asked.push(forMs);
          await guest.prolong(forMs);
        },
      }));
    },
  });
  await controller.restart();
  await controller.rollout();
  for (const rounds of [1, 2]) {
    round();
    await vi.waitFor(() => expect(asked).toHaveLength(rounds));
  }
  expect(Math.min(...asked)).toBeGreaterThan(10 * 60_000);
});

test("what appears later without an owner is removed in a round, and an intent that nothing came of is forgotten", async () => {
  const { clock, round } = roundsOnCall();
  await using controller = await memoryController({ clock });
  await controller.restart();
  const { rollout_id } = await controller.rollout();
  const { tree } = [...controller.world.sandboxes.values()][0]!;
  const labels = { owner: "ours", purpose: "build:key", incarnation: "1" };
  const handle = { id: "orphan", provider: "memory", labels };
  const orphan = { handle, tree, state: { status: "running", oomKills: null }, stop: async () => {} };
  controller.world.sandboxes.set("orphan", orphan as never);
  await controller.store.recordIntent({ id: "never-made", provider: "memory", purpose: "build:x", incarnation: "1" });
  round();
  await vi.waitFor(() => expect(controller.world.sandboxes.has("orphan")).toBe(false));
  await vi.waitFor(async () => expect(await controller.store.intents()).toHaveLength(1));
  expect((await controller.service.callTool(rollout_id, "shell", shell("echo on"))).output).toBe("on\n");
});

test("two controllers that want one snapshot at the same time build it once", async () => {
  const made: string[] = [];
  await using controller = await memoryController({
    siblings: true,
    provider: (bare) =>
      altered(bare, () => ({
        create: (spec, options) => {
          made.push(spec.labels.purpose);
          return bare.create(spec, options);
        },
      })),
  });
  const other = await controller.sibling();
  const environment = smallEnvironment({ setup: ["sleep 0.3"] });
  const built = await Promise.all(
    [controller, other].map(async ({ service, builder }) => {
      const { rollout } = await service.create({ environment });
      expect((await service.waitUntilSettled(rollout.rollout_id, 20_000)).status).toBe("active");
      using lease = await builder.ensure(environment);
      return lease.key;
    }),
  );
  expect(built[0]).toBe(built[1]);
  expect(made.filter((purpose) => purpose.startsWith("build:"))).toHaveLength(1);
  await other.end();
});
