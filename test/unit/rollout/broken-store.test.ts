import { expect, test, vi } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import type { Store } from "../../../src/store/store.ts";
import { altered, codeOf, memoryController, shell } from "../../support/memory-controller.ts";

const soon = { timeout: 8_000, interval: 10 };
const failed = () => new BerthError("storage_failed", "The disk does not answer.");

/** A controller whose store fails where and while the test says so. */
function withStore(change: (store: Store) => Partial<Store>) {
  return memoryController({ store: (store) => altered(store, () => change(store)) });
}

test("an end that cannot be written is written as soon as the store works again", async () => {
  let broken = false;
  await using controller = await withStore(() => (broken ? { updateRollout: () => Promise.reject(failed()) } : {}));
  const { rollout_id } = await controller.rollout({ budget: { idle_seconds: 1 } });
  broken = true;
  await vi.waitFor(() => expect(controller.sandboxes()).toEqual([]), soon);
  expect((await controller.service.get(rollout_id)).status).toBe("active");
  broken = false;
  await vi.waitFor(async () => expect((await controller.service.get(rollout_id)).status).toBe("expired"), soon);
});

test("a verdict that is stored ends its rollout the next time that it is asked for", async () => {
  let broken = false;
  await using controller = await withStore((store) => ({
    updateRollout: (rollout, patch) =>
      broken && patch.status === "closed" ? Promise.reject(failed()) : store.updateRollout(rollout, patch),
  }));
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  await service.callTool(rollout_id, "shell", shell("echo 1 > answer"));
  broken = true;
  expect(await codeOf(service.grade(rollout_id, {}))).toBe("storage_failed");
  expect(await service.grade(rollout_id, {})).toMatchObject({ reward: 1 });
  broken = false;
  expect(await service.grade(rollout_id, {})).toMatchObject({ reward: 1 });
  expect((await service.get(rollout_id)).status).toBe("closed");
});

test("a controller that dies between a verdict and the end of its rollout leaves the end to the next", async () => {
  let broken = true;
  await using controller = await withStore((store) => ({
    updateRollout: (rollout, patch) =>
      broken && patch.status === "closed" ? Promise.reject(failed()) : store.updateRollout(rollout, patch),
  }));
  const { rollout_id } = await controller.rollout();
  expect(await codeOf(controller.service.grade(rollout_id, {}))).toBe("storage_failed");
  broken = false;
  await controller.restart({ crash: true });
  expect(await controller.service.get(rollout_id)).toMatchObject({ status: "closed", verdict: { reward: 0 } });
});

test("a verdict that cannot be stored can be asked for again, and a rollout that nobody asks for expires and can still be graded", async () => {
  let broken = true;
  await using controller = await withStore((store) => ({
    saveVerdict: (...verdict) => (broken ? Promise.reject(failed()) : store.saveVerdict(...verdict)),
  }));
  const { service } = controller;
  const { rollout_id } = await controller.rollout({ budget: { idle_seconds: 1 } });
  await service.callTool(rollout_id, "shell", shell("echo 1 > answer"));
  expect(await codeOf(service.grade(rollout_id, {}))).toBe("storage_failed");
  expect((await service.get(rollout_id)).status).toBe("grading");
  await vi.waitFor(async () => expect((await service.get(rollout_id)).status).toBe("expired"), soon);
  broken = false;
  expect(await service.grade(rollout_id, {})).toMatchObject({ reward: 1 });
});

test("a rollout whose grading the last controller began expires when nobody asks for its verdict", async () => {
  await using controller = await memoryController();
  const { rollout_id } = await controller.rollout({ budget: { idle_seconds: 1 } });
  await controller.service.callTool(rollout_id, "shell", shell("echo 1 > answer"));
  await controller.store.updateRollout(rollout_id, { status: "grading" });
  await controller.restart();
  await vi.waitFor(async () => expect((await controller.service.get(rollout_id)).status).toBe("expired"), soon);
  expect(await controller.service.grade(rollout_id, {})).toMatchObject({ reward: 1 });
});
