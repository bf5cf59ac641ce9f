import { expect, test, vi } from "vitest";
import type { Clock } from "../../../src/core/clock.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { codeOf, memoryController, shell } from "../../support/memory-controller.ts";

const ended = { timeout: 8_000, interval: 10 };

test("calls beyond the budget are refused and recorded, and the rollout can be graded", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout({ budget: { tool_calls: 2 } });
  await service.callTool(rollout_id, "shell", shell("echo 1 > answer"));
  expect(await codeOf(service.callTool(rollout_id, "teleport", { arguments: {} }))).toBe("unknown_tool");
  const over = () => service.callTool(rollout_id, "shell", shell("echo 0 > answer", "over"));
  for (const send of [over, over]) expect(await codeOf(send())).toBe("budget_exhausted");
  expect((await service.trajectory(rollout_id)).records.map(({ result }) => result?.error?.code)).toEqual([
    undefined,
    "unknown_tool",
    "budget_exhausted",
  ]);
  await expect(over()).rejects.toMatchObject({ budget: "tool_calls" });
  expect(await service.grade(rollout_id, {})).toMatchObject({ status: "scored", reward: 1 });
});

test("of calls at the same time no more run than the budget has", async () => {
  await using controller = await memoryController();
  const { rollout_id } = await controller.rollout({ budget: { tool_calls: 5 } });
  const send = () => codeOf(controller.service.callTool(rollout_id, "shell", shell("echo x >> f")));
  const codes = await Promise.all(Array.from({ length: 12 }, send));
  expect(codes.filter((code) => code === undefined)).toHaveLength(5);
  expect(codes.filter((code) => code === "budget_exhausted")).toHaveLength(7);
});

test("a rollout that was idle for too long expires, keeps its change set and can be graded", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout({ budget: { idle_seconds: 1 } });
  await service.callTool(rollout_id, "shell", shell("echo 0.5 > answer", "c1"));
  await vi.waitFor(async () => expect((await service.get(rollout_id)).status).toBe("expired"), ended);
  expect(controller.sandboxes()).toEqual([]);
  expect((await service.get(rollout_id)).error).toMatchObject({
    code: "budget_exhausted",
    cause: "policy",
    budget: "idle_seconds",
  });
  expect(await codeOf(service.callTool(rollout_id, "shell", shell("true")))).toBe("budget_exhausted");
  expect((await service.callTool(rollout_id, "shell", shell("echo 0.5 > answer", "c1"))).replayed).toBe(true);
  expect(await service.grade(rollout_id, {})).toMatchObject({ status: "scored", reward: 0.5 });
  expect(await service.get(rollout_id)).toMatchObject({ status: "expired", verdict: { reward: 0.5 } });
});

test("a command that runs is not idle, and the wall clock ends it with what it had done", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout({ budget: { idle_seconds: 1, wall_seconds: 2 } });
  const running = codeOf(service.callTool(rollout_id, "shell", shell("echo 1 > answer; sleep 60", "long")));
  const queued = codeOf(service.callTool(rollout_id, "shell", shell("echo 0 > answer", "queued")));
  expect([await running, await queued]).toEqual(["budget_exhausted", "budget_exhausted"]);
  await vi.waitFor(async () => expect((await service.get(rollout_id)).status).toBe("expired"), ended);
  expect((await service.trajectory(rollout_id)).records.map(({ state }) => state)).toEqual(["unknown", "done"]);
  expect(await codeOf(service.callTool(rollout_id, "shell", shell("echo 0 > answer", "queued")))).toBe(
    "budget_exhausted",
  );
  expect((await service.get(rollout_id)).error?.budget).toBe("wall_seconds");
  expect(await service.grade(rollout_id, {})).toMatchObject({ status: "scored", reward: 1 });
});

test("a restart does not give a rollout its time anew", async () => {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + aheadMs };
  await using controller = await memoryController({ clock });
  const { rollout_id } = await controller.rollout({ budget: { wall_seconds: 3_600 } });
  await controller.service.callTool(rollout_id, "shell", shell("echo 1 > answer"));
  aheadMs = 3_600_000;
  await controller.restart();
  await vi.waitFor(async () => expect((await controller.service.get(rollout_id)).status).toBe("expired"), ended);
  expect(await controller.service.grade(rollout_id, {})).toMatchObject({ reward: 1 });
});

test("more rollouts than the controller may hold are refused, also when they come at the same time", async () => {
  await using controller = await memoryController({ limits: { live: 3 } });
  const { service } = controller;
  const create = () => service.create({ environment: "small" });
  await service.registerEnvironment({ name: "small" }, null);
  const tries = await Promise.allSettled(Array.from({ length: 10 }, create));
  const made = tries.flatMap((result) => (result.status === "fulfilled" ? [result.value.rollout.rollout_id] : []));
  expect(made).toHaveLength(3);
  for (const result of tries)
    if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "overloaded", retryable: true });
  const again = await service.create({ environment: "small", rollout_id: made[0]! });
  expect(again.created).toBe(false);
  await service.close(made[0]!);
  expect((await create()).created).toBe(true);
});
