import { expect, test } from "vitest";
import { BerthClient, openRollout } from "../../../src/client/index.ts";
import { BerthError } from "../../../src/core/errors.ts";
import type { RolloutService } from "../../../src/rollout/rollout-service.ts";
import { listeningController } from "../../support/cli.ts";
import { apiKey } from "../../support/http-app.ts";
import { aResult, aRollout, rolloutId } from "../../support/scripted-service.ts";

const id = "11111111-2222-4333-8444-555555555555";

async function scripted(service: Partial<RolloutService>) {
  const controller = await listeningController({
    create: async (input) => ({ rollout: aRollout({ rollout_id: input.rollout_id ?? rolloutId }), created: true }),
    waitUntilSettled: async (asked) => aRollout({ rollout_id: asked }),
    close: async (asked) => aRollout({ rollout_id: asked, status: "closed" }),
    callTool: async (_, tool, { call_id = "" }) => aResult({ tool, call_id }),
    ...service,
  });
  return { ...controller, client: new BerthClient({ url: controller.url, apiKey }) };
}

const made = (calls: readonly { method: string }[]) => calls.map(({ method }) => method);

test("a rollout waits until its sandbox is ready, gives each call an id of its own, and ends with its scope", async () => {
  let asked = 0;
  await using controller = await scripted({
    waitUntilSettled: async (name) => aRollout({ rollout_id: name, status: asked++ === 0 ? "preparing" : "active" }),
    get: async (name) => aRollout({ rollout_id: name, status: "preparing" }),
  });
  {
    await using rollout = await openRollout(controller.client, { environment: "click" });
    const calls = [await rollout.call("echo", { text: "a" }), await rollout.call("echo", { text: "a" })];
    expect(new Set(calls.map((call) => call.call_id)).size).toBe(2);
    expect((await rollout.call("echo", {}, { callId: "mine" })).call_id).toBe("mine");
  }
  const { calls } = controller.service;
  expect(asked).toBe(2);
  const closed = calls.at(-1);
  expect(closed?.method).toBe("close");
  expect(calls[0]?.args[0]).toMatchObject({ rollout_id: closed?.args[0], environment: "click" });
});

test("a rollout that never gets its sandbox is told with the cause, and ended", async () => {
  const error = new BerthError("setup_failed", "pip ended with 1.").report();
  await using controller = await scripted({
    waitUntilSettled: async (name) => aRollout({ rollout_id: name, status: "failed", error }),
  });
  const opened = openRollout(controller.client, { environment: "click" });
  await expect(opened).rejects.toMatchObject({ code: "setup_failed", causedBy: "task", message: "pip ended with 1." });
  expect(made(controller.service.calls)).toEqual(["create", "waitUntilSettled", "close"]);
});

test("one that is not ready in time is ended", async () => {
  await using controller = await scripted({ waitUntilSettled: () => new Promise(() => {}) });
  const opened = openRollout(controller.client, { environment: "click" }, { readyWithinMs: 100 });
  await expect(opened).rejects.toMatchObject({ code: "deadline_exceeded", causedBy: "infra" });
  expect(made(controller.service.calls).at(-1)).toBe("close");
});

test("one that was there before under the given id is left when it cannot be opened", async () => {
  await using controller = await scripted({
    create: async () => ({ rollout: aRollout({ rollout_id: id }), created: false }),
    waitUntilSettled: async () => aRollout({ rollout_id: id, status: "closed" }),
  });
  await expect(openRollout(controller.client, { environment: "click", rollout_id: id })).rejects.toMatchObject({
    code: "rollout_closed",
  });
  expect(made(controller.service.calls)).not.toContain("close");
});
