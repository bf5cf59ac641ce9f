import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import type { Grader } from "../../../src/grader/grader.ts";
import type { Provider } from "../../../src/provider/provider.ts";
import { altered, codeOf, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";

/** A provider with some of its methods replaced. */
const changed = (change: (bare: Provider) => Partial<Provider>) => (bare: Provider) => altered(bare, change);

const status = async (controller: Awaited<ReturnType<typeof memoryController>>, id: string) =>
  (await controller.service.get(id)).status;

test("close is idempotent, leaves nothing, and calls and grading say that it was closed", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  await service.callTool(rollout_id, "shell", shell("echo hi", "c1"));
  const closed = await Promise.all([service.close(rollout_id), service.close(rollout_id)]);
  expect(closed[0]).toMatchObject({ status: "closed", error: null, verdict: null });
  expect(closed[1]).toEqual(closed[0]);
  expect(await service.close(rollout_id)).toEqual(closed[0]);
  expect(controller.sandboxes()).toEqual([]);
  expect((await service.callTool(rollout_id, "shell", shell("echo hi", "c1"))).replayed).toBe(true);
  expect(await codeOf(service.callTool(rollout_id, "shell", shell("true")))).toBe("rollout_closed");
  expect(await codeOf(service.grade(rollout_id, {}))).toBe("rollout_closed");
  expect((await service.get(rollout_id)).verdict).toBeNull();
});

test("close cuts off what runs, and what waits behind it never runs", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const running = codeOf(service.callTool(rollout_id, "shell", shell("sleep 60", "running")));
  const queued = codeOf(service.callTool(rollout_id, "shell", shell("true", "queued")));
  await vi.waitFor(async () => expect((await service.trajectory(rollout_id)).records).toHaveLength(2));
  await service.close(rollout_id);
  expect([await running, await queued]).toEqual(["rollout_closed", "rollout_closed"]);
  expect((await service.trajectory(rollout_id)).records).toMatchObject([
    { call_id: "running", state: "unknown" },
    { call_id: "queued", state: "done", result: { error: { code: "rollout_closed" } } },
  ]);
});

test("a rollout that is closed while its sandbox starts is closed at once and leaves nothing", async () => {
  const begun = Promise.withResolvers<void>();
  await using controller = await memoryController({
    provider: changed((bare) => ({
      create: async (spec, options) => {
        const handle = await bare.create(spec);
        if (spec.labels.purpose.startsWith("build:")) return handle;
        begun.resolve();
        // Ends only after it was given up: the sandbox is there all the same.
        await new Promise((resolve) => options?.signal?.addEventListener("abort", resolve, { once: true }));
        return handle;
      },
    })),
  });
  const { service } = controller;
  const { rollout } = await service.create({ environment: smallEnvironment() });
  const call = codeOf(service.callTool(rollout.rollout_id, "shell", shell("true")));
  const graded = codeOf(service.grade(rollout.rollout_id, {}));
  await begun.promise;
  expect((await service.close(rollout.rollout_id)).status).toBe("closed");
  expect(controller.sandboxes()).toEqual([]);
  expect([await call, await graded]).toEqual(["rollout_closed", "rollout_closed"]);
});

test("closing one of two rollouts that wait for one snapshot does not disturb the other", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const environment = smallEnvironment({ setup: ["sleep 0.3"] });
  const [one, two] = [await service.create({ environment }), await service.create({ environment })];
  expect((await service.close(one.rollout.rollout_id)).status).toBe("closed");
  expect((await service.waitUntilSettled(two.rollout.rollout_id, 8_000)).status).toBe("active");
});

test("closing the only rollout that waits for a snapshot calls its build off", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout } = await service.create({ environment: smallEnvironment({ setup: ["sleep 600"] }) });
  await vi.waitFor(() => expect(controller.sandboxes()).toHaveLength(1));
  await service.close(rollout.rollout_id);
  await vi.waitFor(() => expect(controller.sandboxes()).toEqual([]));
  expect(controller.world.snapshots.size).toBe(0);
});

test("a rollout behind others in the queue is closed without waiting for them", async () => {
  await using controller = await memoryController({ limits: { starting: 1 } });
  const { service } = controller;
  const first = await service.create({ environment: smallEnvironment({ setup: ["sleep 600"] }) });
  const second = await service.create({ environment: smallEnvironment() });
  expect((await service.close(second.rollout.rollout_id)).status).toBe("closed");
  await service.close(first.rollout.rollout_id);
  await vi.waitFor(() => expect(controller.sandboxes()).toEqual([]));
});

test.for([
  ["setup that fails", { setup: ["echo oops; exit 3"] }, "setup_failed", "task"],
  ["an image that nobody has", { image: "no-such-image" }, "image_not_found", "task"],
  [
    "a repository that cannot be read",
    { repo: { url: "/nowhere.git", commit: "0".repeat(40) } },
    "repository_unreachable",
    "task",
  ],
  [
    "a disk too small for its setup",
    { setup: ["head -c 20000000 /dev/zero > big"], resources: { disk_mb: 16 } },
    "setup_failed",
    "task",
  ],
] as const)("%s fails the rollout, and calls and the verdict name the cause", async ([, change, code, cause]) => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout } = await service.create({ environment: smallEnvironment(change as never) });
  const id = rollout.rollout_id;
  const waiting = codeOf(service.callTool(id, "shell", shell("true")));
  expect(await service.waitUntilSettled(id, 8_000)).toMatchObject({ rollout_id: id });
  expect(await waiting).toBe(code);
  await vi.waitFor(async () => expect(await status(controller, id)).toBe("failed"));
  expect((await service.get(id)).error).toMatchObject({ code, cause });
  expect(await codeOf(service.callTool(id, "shell", shell("true")))).toBe(code);
  expect(await service.grade(id, {})).toMatchObject({ status: "unscored", reward: null, reason: { code } });
  expect(await status(controller, id)).toBe("failed");
});

test("a provider that fails leaves the rollout unscored, never 0, and the next rollout is fine", async () => {
  let broken = true;
  await using controller = await memoryController({
    provider: changed((bare) => ({
      create: (spec, options) =>
        broken ? Promise.reject(new Error("connect ECONNREFUSED")) : bare.create(spec, options),
    })),
  });
  const failed = await controller.rollout();
  expect(failed).toMatchObject({ status: "failed", error: { code: "sandbox_create_failed", cause: "infra" } });
  expect(await controller.service.grade(failed.rollout_id, {})).toMatchObject({ status: "unscored", reward: null });
  broken = false;
  expect(await controller.rollout()).toMatchObject({ status: "active" });
});

test.for([
  { oom: false, code: "sandbox_lost", verdict: { status: "unscored", reward: null, reason: { cause: "infra" } } },
  { oom: true, code: "sandbox_oom", verdict: { status: "scored", reward: 0, flags: ["sandbox_oom"] } },
])(
  "a sandbox that dies (for lack of memory: $oom) is $code for every call and for grading",
  async ({ oom, code, verdict }) => {
    await using controller = await memoryController();
    const { service } = controller;
    const { rollout_id } = await controller.rollout();
    const running = codeOf(service.callTool(rollout_id, "shell", shell("sleep 60", "c1")));
    const reading = codeOf(service.callTool(rollout_id, "shell", shell("true", "queued")));
    await vi.waitFor(async () => expect((await service.trajectory(rollout_id)).records).toHaveLength(2));
    await controller.world.crash(controller.sandboxes()[0]!.id, { oom });
    expect([await running, await reading]).toEqual([code, code]);
    await vi.waitFor(async () => expect(await status(controller, rollout_id)).toBe("failed"));
    expect(await codeOf(service.callTool(rollout_id, "shell", shell("true")))).toBe(code);
    expect(await service.grade(rollout_id, {})).toMatchObject(verdict);
    expect(await service.get(rollout_id)).toMatchObject({ status: "failed", error: { code } });
    await vi.waitFor(() => expect(controller.sandboxes()).toEqual([]));
  },
);

test.for([
  { oom: false, code: "sandbox_lost", reward: null },
  { oom: true, code: "sandbox_oom", reward: 0 },
])("a death that only grading finds out (for lack of memory: $oom) is judged alike", async ({ oom, code, reward }) => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  await controller.world.crash(controller.sandboxes()[0]!.id, { oom });
  expect((await service.grade(rollout_id, {})).reward).toBe(reward);
  expect(await service.get(rollout_id)).toMatchObject({ status: "failed", error: { code } });
});

test.for([
  { oom: false, code: "sandbox_lost" },
  { oom: true, code: "sandbox_oom" },
])("a death that only the budget finds out (for lack of memory: $oom) is judged alike", async ({ oom, code }) => {
  await using controller = await memoryController();
  const { rollout_id } = await controller.rollout({ budget: { idle_seconds: 1 } });
  await controller.world.crash(controller.sandboxes()[0]!.id, { oom });
  await vi.waitFor(async () => expect(await status(controller, rollout_id)).toBe("failed"), { timeout: 8_000 });
  expect((await controller.service.get(rollout_id)).error?.code).toBe(code);
});

test("grading gives one verdict however often it is asked, runs its grader once and closes the rollout", async () => {
  await using controller = await memoryController();
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  await service.callTool(rollout_id, "shell", shell("echo 0.25 > answer"));
  const verdicts = await Promise.all(Array.from({ length: 5 }, () => service.grade(rollout_id, {})));
  expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
  expect(verdicts[0]).toMatchObject({ status: "scored", reward: 0.25 });
  expect(await service.grade(rollout_id, {})).toEqual(verdicts[0]);
  expect(await service.get(rollout_id)).toMatchObject({ status: "closed", error: null });
  expect(controller.sandboxes()).toEqual([]);
});

test("a call that comes while the rollout is graded does not run", async () => {
  const grading = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const grader: Grader = {
    type: "tests",
    grade: async () => {
      grading.resolve();
      await go.promise;
      return { name: "tests", type: "tests", reward: 1, summary: "fine", evidence: {}, flags: [] };
    },
  };
  await using controller = await memoryController({ grader });
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const verdict = service.grade(rollout_id, {});
  await grading.promise;
  expect(await codeOf(service.callTool(rollout_id, "shell", shell("true", "late")))).toBe("rollout_closed");
  expect((await service.trajectory(rollout_id)).records).toEqual([]);
  go.resolve();
  expect(await verdict).toMatchObject({ reward: 1 });
});

test("closing a rollout calls its grading off and leaves nothing of it", async () => {
  const grading = Promise.withResolvers<void>();
  const grader: Grader = {
    type: "tests",
    grade: async (_spec, { openSandbox, signal }) => {
      await using clean = await openSandbox();
      grading.resolve();
      await clean.guest.exec(
        { callId: "g", argv: ["sleep", "600"], env: {}, timeoutMs: 600_000, headBytes: 1, tailBytes: 1 },
        { signal },
      );
      return { name: "tests", type: "tests", reward: 1, summary: "", evidence: {}, flags: [] };
    },
  };
  await using controller = await memoryController({ grader });
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  const verdict = codeOf(service.grade(rollout_id, {}));
  await grading.promise;
  expect((await service.close(rollout_id)).status).toBe("closed");
  expect(controller.sandboxes()).toEqual([]);
  expect(await verdict).toBe("rollout_closed");
  expect((await service.get(rollout_id)).verdict).toBeNull();
});

test.for([
  ["infra", new BerthError("provider_unavailable", "no daemon"), { status: "unscored", reward: null }],
  ["task", new BerthError("invalid_environment", "no folder"), { status: "unscored", reward: null }],
  ["grader", new BerthError("grader_failed", "no report"), { status: "unscored", reward: null }],
  ["policy", new BerthError("change_set_too_large", "too much"), { status: "scored", reward: 0 }],
] as const)("a failure of grading whose cause is %s counts as such", async ([, error, expected]) => {
  await using controller = await memoryController({ grader: { type: "tests", grade: () => Promise.reject(error) } });
  const { rollout_id } = await controller.rollout();
  expect(await controller.service.grade(rollout_id, {})).toMatchObject(expected);
  expect(await status(controller, rollout_id)).toBe("closed");
});

test("a rollout whose failing cannot be written is tidied up all the same, and nothing goes unhandled", async () => {
  let broken = false;
  await using controller = await memoryController({
    store: (store) =>
      altered(store, () =>
        broken ? { updateRollout: () => Promise.reject(new BerthError("storage_failed", "The disk is full.")) } : {},
      ),
  });
  const { service } = controller;
  const { rollout_id } = await controller.rollout({ budget: { idle_seconds: 1 } });
  const { rollout } = await service.create({ environment: smallEnvironment({ setup: ["sleep 0.2"] }) });
  broken = true;
  await vi.waitFor(() => expect(controller.sandboxes()).toEqual([]), { timeout: 8_000 });
  expect(await codeOf(service.callTool(rollout.rollout_id, "shell", shell("true")))).toBe("storage_failed");
  broken = false;
  // Its expiry may be written at last before it is closed.
  expect(["closed", "expired"]).toContain((await service.close(rollout_id)).status);
});

test("a sandbox that cannot be removed keeps its intent and does not cost the verdict; close tries again", async () => {
  let stuck = false;
  await using controller = await memoryController({
    provider: changed((bare) => ({
      destroy: (handle) =>
        stuck && !handle.labels.purpose.startsWith("grade:")
          ? Promise.reject(new BerthError("teardown_failed", "busy"))
          : bare.destroy(handle),
    })),
  });
  const { service } = controller;
  const { rollout_id } = await controller.rollout();
  await service.callTool(rollout_id, "shell", shell("echo 1 > answer"));
  stuck = true;
  expect(await service.grade(rollout_id, {})).toMatchObject({ status: "scored", reward: 1 });
  expect(await controller.store.intents()).toHaveLength(1);
  expect(await codeOf(service.close(rollout_id))).toBe("teardown_failed");
  stuck = false;
  await service.close(rollout_id);
  expect(controller.sandboxes()).toEqual([]);
});

test("a sandbox that is made weaker than its profile is destroyed, and its rollout fails as ours", async () => {
  await using controller = await memoryController({
    provider: changed((bare) => ({
      create: (spec, options) => {
        if (spec.labels.purpose.startsWith("build:")) return bare.create(spec, options);
        const resources = { ...spec.resources, memory_mb: 4 * spec.resources.memory_mb };
        return bare.create({ ...spec, resources }, options);
      },
    })),
  });
  expect(await controller.rollout()).toMatchObject({
    status: "failed",
    error: { code: "profile_drift", cause: "infra", retryable: false, message: expect.stringMatching(/memory limit/) },
  });
  expect(controller.sandboxes()).toEqual([]);
  expect(await controller.store.intents()).toEqual([]);
});

test("who waits for a rollout, or calls into it, hears of its failure once that is stored and not before", async () => {
  const asked = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  await using controller = await memoryController({
    store: (bare) =>
      altered(bare, () => ({
        updateRollout: async (id, patch) => {
          if (patch.status === "failed") {
            asked.resolve();
            await written.promise;
          }
          return bare.updateRollout(id, patch);
        },
      })),
  });
  const { service } = controller;
  const { rollout } = await service.create({ environment: smallEnvironment({ setup: ["exit 3"] }) });
  const told: string[] = [];
  const waits = service.waitUntilSettled(rollout.rollout_id, 8_000).then(({ status: now }) => told.push(now));
  const calls = codeOf(service.callTool(rollout.rollout_id, "shell", shell("true"))).then((code) =>
    told.push(code ?? ""),
  );
  await asked.promise;
  // What could be told by now is told within a few turns.
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  expect(told).toEqual([]);
  written.resolve();
  await Promise.all([waits, calls]);
  expect(told.toSorted()).toEqual(["failed", "setup_failed"]);
});
