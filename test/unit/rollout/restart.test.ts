import { expect, test, vi } from "vitest";
import type { Grader } from "../../../src/grader/grader.ts";
import type { Provider } from "../../../src/provider/provider.ts";
import { BerthError } from "../../../src/core/errors.ts";
import { altered, codeOf, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";

test("a restart re-attaches what is active, with its files, and goes on", async () => {
  await using controller = await memoryController();
  const { rollout_id } = await controller.rollout();
  await controller.service.callTool(rollout_id, "shell", shell("echo 1 > answer"));
  const before = controller.sandboxes();
  await controller.restart();
  expect(controller.sandboxes()).toEqual(before);
  expect((await controller.service.callTool(rollout_id, "shell", shell("cat answer"))).output).toBe("1\n");
  expect(await controller.service.grade(rollout_id, {})).toMatchObject({ reward: 1 });
});

test("draining refuses new work, lets running calls end and keeps the sandboxes", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const running = service.callTool(rollout_id, "shell", shell("sleep 0.2; echo ended", "c1"));
  await vi.waitFor(async () => expect((await service.trajectory(rollout_id)).records).toHaveLength(1));
  const drained = service.drain(5_000);
  expect(await codeOf(service.create({ environment: smallEnvironment() }))).toBe("shutting_down");
  expect(await codeOf(service.callTool(rollout_id, "shell", shell("true")))).toBe("shutting_down");
  expect(await codeOf(service.grade(rollout_id, {}))).toBe("shutting_down");
  expect((await running).output).toBe("ended\n");
  await drained;
  expect(controller.sandboxes()).toHaveLength(1);
  await controller.restart({ crash: true });
  expect((await controller.service.callTool(rollout_id, "shell", shell("sleep 0.2; echo ended", "c1"))).replayed).toBe(
    true,
  );
});

test("draining waits until the results of the calls that it let end are stored", async () => {
  const storing = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  await using controller = await memoryController({
    store: (store) =>
      altered(store, () => ({
        finishCall: async (...given) => {
          storing.resolve();
          await written.promise;
          await store.finishCall(...given);
        },
      })),
  });
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const running = service.callTool(rollout_id, "shell", shell("echo ended", "c1"));
  await storing.promise;
  let isDrained = false;
  const drained = service.drain(5_000).then(() => (isDrained = true));
  await new Promise(setImmediate);
  expect(isDrained).toBe(false);
  written.resolve();
  await drained;
  expect((await running).output).toBe("ended\n");
  expect((await service.trajectory(rollout_id)).records).toMatchObject([{ call_id: "c1", state: "done" }]);
});

test("what was being prepared is called off by draining and prepared by the next controller", async () => {
  await using controller = await memoryController({ limits: { starting: 1 } });
  const { service } = controller;
  const environment = smallEnvironment({ setup: ["sleep 0.3"] });
  const [one, two] = [await service.create({ environment }), await service.create({ environment })];
  const call = codeOf(service.callTool(one.rollout.rollout_id, "shell", shell("true")));
  await vi.waitFor(() => expect(controller.sandboxes()).toHaveLength(1));
  await service.drain(5_000);
  expect(await call).toBe("shutting_down");
  await vi.waitFor(() => expect(controller.sandboxes()).toEqual([]));
  await controller.restart({ crash: true });
  for (const { rollout } of [one, two])
    expect((await controller.service.waitUntilSettled(rollout.rollout_id, 8_000)).status).toBe("active");
});

test("grading that draining calls off keeps no verdict, and the next controller grades", async () => {
  const grading = Promise.withResolvers<void>();
  const slow: Grader = {
    type: "tests",
    grade: async (_spec, { signal }) => {
      grading.resolve();
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      throw new Error("unreachable");
    },
  };
  await using controller = await memoryController({ grader: slow });
  const { rollout_id } = await controller.rollout();
  await controller.service.callTool(rollout_id, "shell", shell("echo 1 > answer"));
  const verdict = codeOf(controller.service.grade(rollout_id, {}));
  await grading.promise;
  await controller.service.drain(50);
  expect(await verdict).toBe("shutting_down");
  const fine: Grader = {
    type: "tests",
    grade: async () => ({ name: "tests", type: "tests", reward: 1, summary: "", evidence: {}, flags: [] }),
  };
  await controller.restart({ crash: true, grader: fine });
  expect((await controller.service.get(rollout_id)).status).toBe("grading");
  expect(await controller.service.grade(rollout_id, {})).toMatchObject({ reward: 1 });
  expect((await controller.service.get(rollout_id)).status).toBe("closed");
});

test("a crash between the end of the turn and the change set does not give the policy another turn", async () => {
  await using controller = await memoryController();
  const { rollout_id } = await controller.rollout();
  await controller.service.callTool(rollout_id, "shell", shell("echo 1 > answer"));
  await controller.store.updateRollout(rollout_id, { status: "grading" });
  await controller.restart({ crash: true });
  expect(await codeOf(controller.service.callTool(rollout_id, "shell", shell("echo 0 > answer")))).toBe(
    "rollout_closed",
  );
  expect(await controller.service.grade(rollout_id, {})).toMatchObject({ reward: 1 });
  expect(controller.sandboxes()).toEqual([]);
});

test.for([
  { oom: false, code: "sandbox_lost", reward: null },
  { oom: true, code: "sandbox_oom", reward: 0 },
])(
  "a sandbox that died meanwhile (for lack of memory: $oom) is $code after the restart",
  async ({ oom, code, reward }) => {
    await using controller = await memoryController();
    const { rollout_id } = await controller.rollout();
    await controller.world.crash(controller.sandboxes()[0]!.id, { oom });
    await controller.restart({ crash: true });
    expect(await controller.service.get(rollout_id)).toMatchObject({ status: "failed", error: { code } });
    expect((await controller.service.grade(rollout_id, {})).reward).toBe(reward);
    expect(controller.sandboxes()).toEqual([]);
  },
);

test("a restart removes what nobody owns, and leaves another installation's sandboxes alone", async () => {
  await using controller = await memoryController();
  const { rollout_id } = await controller.rollout();
  const [kept] = controller.sandboxes();
  const { tree } = controller.world.sandboxes.get(kept!.id)!;
  const planted = (id: string, owner: string, purpose: string) => {
    const handle = { id, provider: "memory", labels: { owner, purpose, incarnation: id } };
    controller.world.sandboxes.set(id, {
      handle,
      tree,
      state: { status: "running", oomKills: null },
      stop: async () => {},
    } as never);
  };
  planted("orphan", "ours", "00000000-0000-4000-8000-000000000001");
  planted("old-build", "ours", "build:key");
  planted("old-grading", "ours", "grade:00000000-0000-4000-8000-000000000001");
  planted("theirs", "theirs", "00000000-0000-4000-8000-000000000001");
  await controller.store.recordIntent({ id: "never-made", provider: "memory", purpose: "x", incarnation: "1" });
  await controller.store.recordIntent({
    id: "of-another-provider",
    provider: "docker",
    purpose: "x",
    incarnation: "1",
  });
  await controller.restart({ crash: true });
  expect(controller.sandboxes().map(({ id }) => id)).toEqual([kept!.id, "theirs"]);
  expect((await controller.store.intents()).map(({ id }) => id)).toEqual([kept!.id, "of-another-provider"]);
  expect((await controller.service.callTool(rollout_id, "shell", shell("echo on"))).output).toBe("on\n");
  controller.world.sandboxes.delete("theirs");
  await controller.store.forgetIntent("of-another-provider");
});

test("what is left of a sandbox that is in no list goes, although its start or its end was cut off", async () => {
  const destroyed: string[] = [];
  await using controller = await memoryController({
    provider: (bare) =>
      altered(bare, () => ({
        destroy: async (handle) => {
          destroyed.push(handle.id);
          await bare.destroy(handle);
        },
      })),
  });
  await controller.store.recordIntent({ id: "half-made", provider: "memory", purpose: "x", incarnation: "1" });
  await controller.restart({ crash: true });
  expect(destroyed).toEqual(["half-made"]);
  expect(await controller.store.intents()).toEqual([]);
});

/** Sandboxes of rollouts are removed, and nobody hears of it until it is mended. */
function cutOffRemoval() {
  const reached = Promise.withResolvers<void>();
  let isCutOff = true;
  const provider = (bare: Provider) =>
    altered(bare, () => ({
      destroy: async (handle) => {
        await bare.destroy(handle);
        if (!isCutOff || handle.labels.purpose.includes(":")) return;
        reached.resolve();
        await new Promise(() => {});
      },
    }));
  return { provider, reached: reached.promise, mend: () => (isCutOff = false) };
}

test("a rollout whose controller ends while it removes the sandbox is closed, not lost", async () => {
  const removal = cutOffRemoval();
  await using controller = await memoryController({ provider: removal.provider });
  const { rollout_id } = await controller.rollout();
  void controller.service.close(rollout_id);
  await removal.reached;
  removal.mend();
  await controller.restart({ crash: true });
  expect(await controller.service.close(rollout_id)).toMatchObject({ status: "closed", error: null });
});

test("a rollout whose controller ends after its time was over is expired, not lost, and is graded", async () => {
  const removal = cutOffRemoval();
  await using controller = await memoryController({ provider: removal.provider });
  const { rollout_id } = await controller.rollout({ budget: { idle_seconds: 1 } });
  await removal.reached;
  removal.mend();
  await controller.restart({ crash: true });
  expect(await controller.service.get(rollout_id)).toMatchObject({
    status: "expired",
    error: { code: "budget_exhausted", cause: "policy" },
  });
  expect(await controller.service.grade(rollout_id, {})).toMatchObject({ status: "scored" });
});

test("one sandbox that cannot be removed does not keep the controller from starting", async () => {
  let stuck = true;
  await using controller = await memoryController({
    provider: (bare) =>
      altered(bare, () => ({
        destroy: (handle) =>
          stuck && handle.id === "stuck"
            ? Promise.reject(new BerthError("teardown_failed", "busy"))
            : bare.destroy(handle),
      })),
  });
  const { rollout_id } = await controller.rollout();
  const { tree } = [...controller.world.sandboxes.values()][0]!;
  const handle = { id: "stuck", provider: "memory", labels: { owner: "ours", purpose: "x", incarnation: "1" } };
  controller.world.sandboxes.set("stuck", {
    handle,
    tree,
    state: { status: "exited", code: 0, oom: false },
    stop: async () => {},
  } as never);
  await controller.restart({ crash: true });
  expect((await controller.service.get(rollout_id)).status).toBe("active");
  stuck = false;
  await controller.restart({ crash: true });
});

test("a restart gives a rollout the sandbox that it worked in, not one of an earlier attempt that would not go", async () => {
  const begun = Promise.withResolvers<string>();
  await using controller = await memoryController({
    provider: (bare) =>
      altered(bare, () => ({
        create: async (spec, options) => {
          const handle = await bare.create(spec, options);
          if (spec.labels.purpose.startsWith("build:")) return handle;
          begun.resolve(spec.id);
          return new Promise(() => {});
        },
      })),
  });
  const { rollout } = await controller.service.create({ environment: smallEnvironment() });
  const earlier = await begun.promise;
  let stuck = true;
  const provider = (bare: Provider) =>
    altered(bare, () => ({
      destroy: (handle) =>
        stuck && handle.id === earlier
          ? Promise.reject(new BerthError("teardown_failed", "busy"))
          : bare.destroy(handle),
    }));
  await controller.restart({ crash: true, provider });
  await controller.service.callTool(rollout.rollout_id, "shell", shell("echo 1 > answer"));
  expect(controller.sandboxes()).toHaveLength(2);
  await controller.restart({ crash: true, provider });
  expect(await controller.service.grade(rollout.rollout_id, {})).toMatchObject({ reward: 1 });
  stuck = false;
  await controller.restart();
  expect(controller.sandboxes()).toEqual([]);
});
