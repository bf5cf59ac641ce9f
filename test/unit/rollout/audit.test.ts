import { expect, test } from "vitest";
import { memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";

test("the audit log tells who created and destroyed a rollout and its sandboxes, and why; calls are not in it", async () => {
  await using controller = await memoryController();
  const { service, store } = controller;
  const { rollout } = await service.create({ environment: smallEnvironment() }, "trainer");
  const id = rollout.rollout_id;
  await service.callTool(id, "shell", shell("echo 1 > answer"));
  await service.grade(id, {}, "judge");
  await service.close(id, "trainer");
  const deeds = (await store.audit.list({ limit: 100, rolloutId: id })).map(({ actor, action, kind, why }) =>
    [actor, action, kind, why].join(" | "),
  );
  expect(deeds.toSorted()).toEqual([
    `controller | created | sandbox | for grade ${id}`,
    `controller | created | sandbox | for rollout ${id}`,
    `controller | destroyed | sandbox | for grade ${id}`,
    `controller | destroyed | sandbox | for rollout ${id}`,
    "judge | destroyed | rollout | closed",
    "trainer | created | rollout | of environment small",
  ]);
});

test("what nobody asked for is the controller's: a rollout that fails, and a sandbox that nobody owned", async () => {
  await using controller = await memoryController();
  const failed = await controller.rollout({ setup: ["exit 3"] });
  const orphan = "00000000-0000-4000-8000-000000000001";
  const handle = { id: "b-1", provider: "memory", labels: { owner: "ours", purpose: orphan, incarnation: "1" } };
  const state = { status: "running", oomKills: null };
  controller.world.sandboxes.set(handle.id, { handle, state, stop: async () => {} } as never);
  await controller.restart({ crash: true });
  const all = await controller.store.audit.list({ limit: 100 });
  expect(all).toContainEqual(
    expect.objectContaining({
      actor: "controller",
      action: "destroyed",
      kind: "rollout",
      subject: failed.rollout_id,
      why: "failed: setup_failed",
    }),
  );
  expect(all).toContainEqual(
    expect.objectContaining({
      action: "destroyed",
      kind: "sandbox",
      rollout_id: orphan,
      why: "nobody owned it",
    }),
  );
});

test("an environment is told of when it is new or changed, by whom, and not when it is registered again", async () => {
  await using controller = await memoryController();
  const { service, store } = controller;
  const register = (setup: string[], by: string) => service.registerEnvironment(smallEnvironment({ setup }), null, by);
  await register([], "one");
  await register([], "two");
  await register(["true"], "three");
  const told = (await store.audit.list({ limit: 10 })).map(({ actor, action, kind, subject }) => [
    actor,
    action,
    kind,
    subject,
  ]);
  expect(told).toHaveLength(2);
  expect(told).toContainEqual(["one", "created", "environment", "small"]);
  expect(told).toContainEqual(["three", "changed", "environment", "small"]);
});
