import { expect, test, vi } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import type { Store } from "../../../src/store/store.ts";
import { altered, memoryController } from "../../support/memory-controller.ts";

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
