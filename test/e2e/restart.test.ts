import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { whyUnavailable } from "../support/backend-availability.ts";
import { berth, ControllerProcess, controllerKey, dataDirectory } from "../support/controller-process.ts";
import { untilRuns } from "../support/host-processes.ts";
import { removeSnapshotImages, ResidueCheck } from "../support/residue.ts";

describe.each(["oci", "docker"] as const)("%s", (backend) => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let residue: ResidueCheck;

  beforeAll(async () => {
    unavailable = await whyUnavailable(backend);
  });

  beforeEach(async ({ skip }) => {
    skip(unavailable !== undefined, unavailable);
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
  });

  afterEach(async () => {
    if (unavailable !== undefined) return;
    await residue.expectNothing();
    if (backend === "docker") await removeSnapshotImages(place.path);
    await place[Symbol.asyncDispose]();
  });

  const start = (...flags: string[]) => ControllerProcess.start({ backend, dataDir: place.path, flags });

  const environment = (fields: Record<string, unknown> = {}) => ({
    name: "restart",
    image: backend === "oci" ? "host" : "base",
    env: { RUN: place.path },
    ...fields,
  });

  async function activeRollout(controller: ControllerProcess, fields?: Record<string, unknown>): Promise<string> {
    const { body } = await controller.send("POST", "/v1/rollouts?wait_seconds=60", {
      environment: environment(fields),
    });
    expect(body).toMatchObject({ status: "active", error: null });
    return `/v1/rollouts/${body.rollout_id}`;
  }

  const shell = (controller: ControllerProcess, path: string, call_id: string, command: string) =>
    controller.send("POST", `${path}/tools/shell`, { call_id, arguments: { command } });

  /** Starts a call and waits until it runs; its answer, or why none came, is a promise of its own. */
  async function running(controller: ControllerProcess, path: string, call_id: string, command: string) {
    const reply = shell(controller, path, call_id, command).catch((error: unknown) => error as Error);
    await expect
      .poll(() => controller.trajectory(path), { timeout: 10_000 })
      .toContainEqual(expect.objectContaining({ call_id, state: "running" }));
    return { reply };
  }

  test("SIGTERM lets running calls end, exits with 0, and the next controller takes the sandboxes up", async () => {
    const first = await start();
    const path = await activeRollout(first);
    await shell(first, path, "mark", "echo kept > /tmp/mark; readlink /proc/1/ns/pid");
    const { reply } = await running(first, path, "slow", "sleep 1; echo done");
    await expect.poll(() => first.trajectory(path)).toHaveLength(2);
    expect(await first.end("SIGTERM")).toBe(0);
    expect(await reply).toMatchObject({ status: 200, body: { output: "done\n" } });

    await using second = await start();
    expect((await second.send("GET", path)).body).toMatchObject({ status: "active", tool_calls: 2 });
    expect((await shell(second, path, "look", "cat /tmp/mark")).body.output).toBe("kept\n");
    expect((await shell(second, path, "slow", "sleep 1; echo done")).body).toMatchObject({
      output: "done\n",
      replayed: true,
    });
  });

  test("a call that outlasts the drain is unknown, and its rollout goes on", async () => {
    const nap = `30.${process.pid}`;
    const command = `echo once >> /tmp/ran; sleep ${nap}`;
    const first = await start("--drain-seconds", "1");
    const path = await activeRollout(first);
    const { reply } = await running(first, path, "long", command);
    await untilRuns(`sleep ${nap}`);
    expect(await first.end("SIGTERM")).toBe(0);
    expect(await reply).toMatchObject({ status: 503, body: { error: { code: "outcome_unknown" } } });

    await using second = await start();
    expect((await second.send("GET", path)).body).toMatchObject({ status: "active", error: null });
    const again = await shell(second, path, "long", command);
    expect(again).toMatchObject({
      status: 503,
      body: { error: { code: "outcome_unknown", cause: "infra", retryable: false } },
    });
    expect((await shell(second, path, "look", "cat /tmp/ran")).body.output).toBe("once\n");
  });

  test("SIGKILL in the middle of a call leaves it unknown: it never runs twice, and nothing of it goes on", async () => {
    const nap = `3.${process.pid}`;
    const command = `echo once >> /tmp/ran; sleep ${nap}; echo twice >> /tmp/ran; sleep 60`;
    const first = await start();
    const path = await activeRollout(first);
    const { reply } = await running(first, path, "cut", command);
    await untilRuns(`sleep ${nap}`);
    await first.end("SIGKILL");
    await reply;

    await using second = await start();
    expect((await second.send("GET", `${path}/trajectory`)).body.records).toMatchObject([
      { call_id: "cut", state: "unknown", result: null },
    ]);
    for (let time = 0; time < 2; time++) {
      const again = await shell(second, path, "cut", command);
      expect(again).toMatchObject({ status: 503, body: { error: { code: "outcome_unknown", cause: "infra" } } });
    }
    const look = await shell(second, path, "look", "grep -c once /tmp/ran; ps -e -o args= | grep -c '^sleep' || true");
    expect(look.body.output).toBe("1\n0\n");
  });

  test.each([
    ["at the first trace of it", /./],
    ["in its setup steps", /^(?:process|container) /],
  ])("SIGKILL while a rollout is prepared, %s, leaves nothing half-made: it is prepared anew", async (_, trace) => {
    const first = await start();
    const { body } = await first.send("POST", "/v1/rollouts", { environment: environment({ setup: ["sleep 1"] }) });
    const path = `/v1/rollouts/${body.rollout_id}`;
    const isThere = async () => expect(await residue.find()).toContainEqual(expect.stringMatching(trace));
    await vi.waitFor(isThere, { timeout: 20_000, interval: 10 });
    await first.end("SIGKILL");

    await using second = await start();
    expect((await second.send("GET", `${path}?wait_seconds=60`)).body).toMatchObject({ status: "active", error: null });
  });

  // How grading goes on does not depend on the provider: once is enough.
  const signals = [
    ["SIGKILL", null],
    ["SIGTERM", 0],
  ] as const;
  test.each(backend === "oci" ? signals : [])(
    "%s while a rollout is graded does not lose it: asked again, the verdict comes",
    async (signal, code) => {
      const first = await start("--drain-seconds", "1");
      const folder = join(import.meta.dirname, "../fixtures/tasks/tap");
      const grader = { type: "tests", command: "sleep 2; python3 -m pytest -q", framework: "pytest", files: folder };
      const path = await activeRollout(first, { graders: [grader] });
      const asked = first.send("POST", `${path}/grade`, {}).catch(() => undefined);
      await expect.poll(async () => (await first.rollout(path)).status).toBe("grading");
      expect(await first.end(signal)).toBe(code);
      const answer = await asked;
      if (answer) expect(answer.body.error).toMatchObject({ code: "shutting_down", retryable: true });

      await using second = await start();
      expect((await second.send("GET", path)).body).toMatchObject({ status: "grading", verdict: null });
      const verdict = await second.send("POST", `${path}/grade`, {});
      expect(verdict).toMatchObject({ status: 200, body: { status: expect.stringMatching(/scored$/) } });
      expect((await second.send("GET", path)).body).toMatchObject({ status: "closed", verdict: verdict.body });
    },
  );
});

test("of two controllers on one data directory the second refuses, and says who holds it", async () => {
  await using place = await dataDirectory();
  await using first = await ControllerProcess.start({ backend: "memory", dataDir: place.path });
  const second = await berth(["serve", "--port", "0", "--provider", "memory", "--data-dir", place.path], {
    env: { BERTH_API_KEYS: controllerKey },
  });
  expect(second).toMatchObject({ code: 2, stdout: "" });
  expect(second.stderr).toContain(`data_dir: the controller with process id ${first.pid} is using ${place.path}.`);
  expect(second.stderr).toContain("Stop it, or give this one a data_dir of its own.");
  expect((await first.send("GET", "/readyz")).status).toBe(200);
  expect(await first.end("SIGTERM")).toBe(0);
  expect(await readdir(place.path)).not.toContain("controller.pid");
});
