import { expect, test, vi } from "vitest";
import type { Store } from "../../../src/store/store.ts";
import { altered, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";

const rollout_id = "26201611-b3fd-4158-a1e5-d90a5274c246";

test("whoever asks for a rollout that is written and not yet let in waits until it is", async () => {
  const told = Promise.withResolvers<void>();
  const slow = (store: Store): Store =>
    altered(store, (bare) => ({
      createRollout: async (rollout) => {
        const made = await bare.createRollout(rollout);
        await told.promise;
        return made;
      },
    }));
  await using controller = await memoryController({ store: slow });
  const { service, store } = controller;
  const request = { rollout_id, environment: smallEnvironment() };
  const first = service.create(request);
  await vi.waitFor(async () => expect(await store.rollout(rollout_id)).toBeDefined());
  const again = service.create(request);
  const called = service.callTool(rollout_id, "shell", shell("echo in"));
  told.resolve();
  expect((await called).output).toContain("in");
  expect([(await first).created, (await again).created]).toEqual([true, false]);
});
