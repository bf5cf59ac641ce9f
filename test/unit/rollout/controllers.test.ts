import { expect, test, vi } from "vitest";
import type { Grader } from "../../../src/grader/grader.ts";
import { altered, codeOf, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";
import { pausedClock } from "../../support/paused-clock.ts";

const paused = { siblings: true, clock: pausedClock };

test("a rollout whose controller's lease has ended goes on at another, with its sandbox and its record", async () => {
  await using controller = await memoryController(paused);
  const { rollout_id } = await controller.rollout();
  await controller.service.callTool(rollout_id, "shell", shell("echo 1 > answer", "c1"));
  const before = controller.sandboxes();
  const other = await controller.sibling();
  expect(await other.service.locate(rollout_id)).toMatchObject({ controller: controller.membership.id });
  controller.endLeases();
  await other.membership.renew();
  expect(await other.service.locate(rollout_id)).toBe("here");
  expect((await other.service.callTool(rollout_id, "shell", shell("cat answer", "c2"))).output).toBe("1\n");
  expect((await other.service.callTool(rollout_id, "shell", shell("echo 1 > answer", "c1"))).replayed).toBe(true);
  expect(controller.sandboxes()).toEqual(before);
  await other.end();
});

test("a controller that does not know that it was replaced can neither write nor reach the sandbox nor destroy it", async () => {
  await using controller = await memoryController(paused);
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const running = codeOf(
    service.callTool(rollout_id, "shell", shell("echo one > log; sleep 20; echo two >> log", "c1")),
  );
  await vi.waitFor(async () => expect((await service.trajectory(rollout_id)).records).toHaveLength(1));
  const other = await controller.sibling();
  controller.endLeases();
  await other.membership.renew();
  expect(await other.service.locate(rollout_id)).toBe("here");
  expect(await running).toBe("fenced");
  expect(await codeOf(service.callTool(rollout_id, "shell", shell("echo three >> log", "c2")))).toBe("fenced");
  expect(await codeOf(service.grade(rollout_id, {}))).toBe("fenced");
  expect(
    await codeOf(other.service.callTool(rollout_id, "shell", shell("echo one > log; sleep 20; echo two >> log", "c1"))),
  ).toBe("outcome_unknown");
  expect((await other.service.callTool(rollout_id, "shell", shell("cat log"))).output).not.toMatch(/two|three/);
  expect(controller.sandboxes()).toHaveLength(1);
  await other.end();
});

test("a controller whose lease has ended by its own clock answers for nothing, and takes up again what is still free", async () => {
  let aheadMs = 0;
  const clock = { ...pausedClock, monotonic: () => 1_000_000 + aheadMs };
  await using controller = await memoryController({ siblings: true, clock });
  const { rollout_id } = await controller.rollout();
  aheadMs += 15_000;
  expect(await codeOf(controller.service.callTool(rollout_id, "shell", shell("echo no > log")))).toBe("fenced");
  expect(await codeOf(controller.service.create({ environment: smallEnvironment() }))).toBe("fenced");
  await controller.membership.renew();
  expect(await controller.service.locate(rollout_id)).toBe("here");
  expect((await controller.service.callTool(rollout_id, "shell", shell("echo on"))).output).toBe("on\n");
});

test("a controller that starts leaves alone what another that lives builds, keeps ready, grades and works in", async () => {
  const grading = Promise.withResolvers<void>();
  const graded = Promise.withResolvers<void>();
  const slow: Grader = {
    type: "tests",
    grade: async (_spec, { openSandbox }) => {
      await using clean = await openSandbox();
      grading.resolve();
      await graded.promise;
      await clean.guest.health();
      return { name: "tests", type: "tests", reward: 1, summary: "", evidence: {}, flags: [] };
    },
  };
  await using controller = await memoryController({ siblings: true, grader: slow, limits: { pool: 2 } });
  const active = await controller.rollout({ warm: 1 });
  await vi.waitFor(() => expect(controller.sandboxes()).toHaveLength(2));
  const verdict = controller.rollout().then(({ rollout_id }) => controller.service.grade(rollout_id, {}));
  const built = controller.service.create({ environment: smallEnvironment({ setup: ["sleep 1"] }) });
  await grading.promise;
  const kinds = () => controller.sandboxes().map(({ labels }) => labels.purpose.replace(/:.*/, ""));
  await vi.waitFor(() => expect(kinds()).toEqual(expect.arrayContaining(["grade", "pool", "build"])));
  const before = controller.sandboxes().map(({ id }) => id);
  const other = await controller.sibling();
  expect(controller.sandboxes().map(({ id }) => id)).toEqual(expect.arrayContaining(before));
  graded.resolve();
  expect(await verdict).toMatchObject({ reward: 1 });
  const { rollout } = await built;
  expect((await controller.service.waitUntilSettled(rollout.rollout_id, 10_000)).status).toBe("active");
  expect((await controller.service.callTool(active.rollout_id, "shell", shell("echo on"))).output).toBe("on\n");
  await other.end();
  await controller.service.drain(5_000);
});

test("what a dead controller prepared, kept ready and graded is removed, and its rollouts are prepared and graded anew", async () => {
  const stuck = new Promise<never>(() => {});
  const grading = Promise.withResolvers<void>();
  const dying: Grader = {
    type: "tests",
    grade: async (_spec, { openSandbox }) => {
      await openSandbox();
      grading.resolve();
      return stuck;
    },
  };
  await using controller = await memoryController({ ...paused, grader: dying, limits: { pool: 2 } });
  const { rollout_id } = await controller.rollout({ warm: 1 });
  void codeOf(controller.service.grade(rollout_id, {}));
  await grading.promise;
  await vi.waitFor(() => expect(controller.sandboxes()).toHaveLength(2));
  controller.endLeases();
  await controller.restart({ crash: true, siblings: true, clock: pausedClock, limits: { pool: 0 } });
  expect(controller.sandboxes()).toEqual([]);
  await controller.restart({ crash: true });
  expect((await controller.service.get(rollout_id)).status).toBe("grading");
});

test("a rollout that drains where it is goes on at another as soon as its calls have ended, while others still run", async () => {
  await using controller = await memoryController({ siblings: true });
  const { service } = controller;
  const [idle, busy] = [await controller.rollout(), await controller.rollout()];
  const running = service.callTool(busy.rollout_id, "shell", shell("sleep 2; echo ended", "c1"));
  await vi.waitFor(async () => expect((await service.trajectory(busy.rollout_id)).records).toHaveLength(1));
  const other = await controller.sibling();
  const drained = service.drain(10_000);
  await vi.waitFor(async () => expect(await other.service.locate(idle.rollout_id)).toBe("here"));
  expect(await other.service.locate(busy.rollout_id)).toMatchObject({ controller: controller.membership.id });
  expect((await other.service.callTool(idle.rollout_id, "shell", shell("echo on"))).output).toBe("on\n");
  expect((await running).output).toBe("ended\n");
  await drained;
  expect(await other.service.locate(busy.rollout_id)).toBe("here");
  expect((await other.service.callTool(busy.rollout_id, "shell", shell("sleep 2; echo ended", "c1"))).replayed).toBe(
    true,
  );
  await other.end();
});

test("a controller that is alone takes no look at the store for others", async () => {
  let looks = 0;
  await using controller = await memoryController({
    store: (store) =>
      altered(store, () => ({
        leases: altered(store.leases, (leases) => ({
          holder: (id) => {
            looks++;
            return leases.holder(id);
          },
        })),
      })),
  });
  const { rollout_id } = await controller.rollout();
  expect(await controller.service.locate(rollout_id)).toBe("here");
  expect(looks).toBe(0);
});
