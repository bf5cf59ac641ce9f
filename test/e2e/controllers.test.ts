import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { StandInTrainer } from "../../src/dialects/agent-rft/stand-in/trainer.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { berth, ControllerProcess, controllerKey, dataDirectory, type Reply } from "../support/controller-process.ts";
import { newDatabase, whyNoPostgres, type TestDatabase } from "../support/postgres-database.ts";
import { ResidueCheck } from "../support/residue.ts";
import { untilRuns } from "../support/host-processes.ts";

/** Several `berth serve` on one PostgreSQL and one data directory. */
describe("controllers that share a database", () => {
  let why: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let database: TestDatabase;
  let residue: ResidueCheck;

  beforeAll(async () => {
    why = whyNoPostgres() ?? (await whyUnavailable("oci"));
  });

  beforeEach(async ({ skip }) => {
    skip(why !== undefined, why);
    place = await dataDirectory();
    database = await newDatabase();
    residue = await ResidueCheck.of(place.path);
  });

  afterEach(async () => {
    if (why !== undefined) return;
    await residue.expectNothing();
    await database[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const start = (...flags: string[]) =>
    ControllerProcess.start({
      backend: "oci",
      dataDir: place.path,
      flags: ["--store-url", database.url, "--drain-seconds", "20", ...flags],
    });

  const environment = { name: "shared", image: "host", graders: [{ type: "tests", command: "node --test" }] };

  async function activeRollout(controller: ControllerProcess): Promise<string> {
    const { body } = await controller.send("POST", "/v1/rollouts?wait_seconds=60", { environment });
    expect(body).toMatchObject({ status: "active", error: null });
    return `/v1/rollouts/${body.rollout_id}`;
  }

  const shell = (controller: ControllerProcess, path: string, call_id: string | undefined, command: string) =>
    controller.send("POST", `${path}/tools/shell`, {
      ...(call_id === undefined ? {} : { call_id }),
      arguments: { command },
    });

  test("any of them answers for any rollout: calls, events and the end", async () => {
    await using one = await start();
    await using two = await start();
    const path = await activeRollout(one);
    expect((await shell(two, path, "c1", "echo $((6 * 7))")).body).toMatchObject({ output: "42\n", replayed: false });
    expect((await shell(one, path, "c1", "echo $((6 * 7))")).body).toMatchObject({ output: "42\n", replayed: true });
    expect((await shell(two, path, "c2", "exit 3")).status).toBe(200);
    expect((await two.send("POST", `${path}/tools/nothing`, { arguments: {} })).body.error.code).toBe("unknown_tool");

    const events = await fetch(`${two.url}${path}/events`, { headers: { authorization: `Bearer ${controllerKey}` } });
    expect(events.headers.get("content-type")).toContain("text/event-stream");
    expect((await two.send("DELETE", path)).body).toMatchObject({ status: "closed" });
    expect(await events.text()).toMatch(/event: status[\s\S]*"active"[\s\S]*"closed"[\s\S]*event: end/);
    expect((await one.send("GET", path)).body).toMatchObject({ status: "closed", tool_calls: 3 });
  });

  test("any of them answers a hosted trainer, whichever began the rollout", async () => {
    await using one = await start();
    await using two = await start();
    await one.send("POST", "/v1/environments", { environment });
    const trainers = [one, two].map(({ url }) => new StandInTrainer({ url, key: controllerKey }));
    const traceId = `trace_${randomUUID().replaceAll("-", "")}`;
    const item = { environment: "shared" };
    const command = "echo line >> log; wc -l < log";
    for (const [at, callId] of ["c1", "c1", "c2", "c2"].entries()) {
      const trainer = trainers[at % 2]!;
      const { status, body } = await trainer.call({ name: "shell", arguments: { command }, traceId, item, callId });
      expect([status, body]).toEqual([
        200,
        expect.objectContaining({ call_id: callId, output: `${callId.slice(1)}\n` }),
      ]);
    }
    const grades = await Promise.all(trainers.map((trainer) => trainer.grade(traceId, item, "done")));
    expect(grades.map(({ status }) => status)).toEqual([200, 200]);
    expect(grades[0]?.body).toEqual(grades[1]?.body);
  });

  test("any two of them answer the first calls of one trace, whichever is first in the same instant", async () => {
    await using one = await start();
    await using two = await start();
    await one.send("POST", "/v1/environments", { environment });
    const trainers = [one, two].map(({ url }) => new StandInTrainer({ url, key: controllerKey }));
    const item = { environment: "shared" };
    const traces = Array.from({ length: 8 }, () => `trace_${randomUUID().replaceAll("-", "")}`);
    const first = (traceId: string) =>
      trainers.map((trainer, at) =>
        trainer.call({ name: "shell", arguments: { command: "echo $$" }, traceId, item, callId: `c${at % 2}` }),
      );
    const answers = await Promise.all(traces.flatMap(first));
    const outcomes = answers.map(({ status, retries }) => ({ status, retries }));
    expect(outcomes).toEqual(answers.map(() => ({ status: 200, retries: 0 })));
    await Promise.all(traces.map((trace) => one.send("DELETE", `/v1/rollouts/${trace}`)));
  });

  test("a second one with another data directory is refused", async () => {
    await using _one = await start();
    await using elsewhere = await dataDirectory();
    const flags = ["--store-url", database.url, "--data-dir", elsewhere.path, "--provider", "oci", "--port", "0"];
    const refused = await berth(["serve", ...flags], { env: { BERTH_API_KEYS: controllerKey } });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("the controllers of this database have their sandboxes elsewhere");
  });

  test("one that is killed in the middle of a call is replaced: what waits at the other learns that, and nothing runs twice", async () => {
    const one = await start();
    await using two = await start();
    const path = await activeRollout(one);
    const command = "echo line >> log; sleep 60; echo late >> log";
    const asked = shell(two, path, "c1", command);
    await untilRuns("sleep 60");
    await one.end("SIGKILL");
    expect((await asked).body.error).toMatchObject({ code: "outcome_unknown", cause: "infra" });
    expect((await shell(two, path, "c1", command)).body.error.code).toBe("outcome_unknown");
    expect((await shell(two, path, "c2", "cat log")).body.output).toBe("line\n");
    expect((await two.send("GET", path)).body).toMatchObject({ status: "active", error: null });
  });

  test("one that was paused past its lease is refused at the sandbox when it goes on, and sends on what it is asked", async () => {
    const one = await start();
    await using two = await start();
    const path = await activeRollout(one);
    const command = "echo line >> log; sleep 25; echo late >> log";
    const asked = shell(one, path, "c1", command);
    await untilRuns("sleep 25");
    process.kill(one.pid, "SIGSTOP");
    const taken = await shell(
      two,
      path,
      "c2",
      "cat log; cat /proc/*/cmdline | tr '\\0' ' ' | grep -c 'sleep 2[5]' || true",
    );
    expect(taken.body.output).toBe("line\n0\n");
    process.kill(one.pid, "SIGCONT");
    expect(["fenced", "outcome_unknown"]).toContain((await asked).body.error.code);
    expect((await shell(one, path, "c3", "cat log")).body).toMatchObject({ output: "line\n", replayed: false });
    expect(await one.trajectory(path)).toMatchObject([{ state: "unknown" }, { state: "done" }, { state: "done" }]);
    expect(await one.end("SIGTERM")).toBe(0);
  });

  test("a rolling restart loses nothing of the rollouts that run through it", { timeout: 240_000 }, async () => {
    const running = [await start(), await start()];
    const paths = await Promise.all(Array.from({ length: 6 }, (_, n) => activeRollout(running[n % 2]!)));
    const over = new AbortController();
    const send = async (turn: number, work: (controller: ControllerProcess) => Promise<Reply>): Promise<Reply> => {
      for (let attempt = 0; ; attempt++) {
        const reply = await work(running[(turn + attempt) % 2]!).catch(() => undefined);
        if (reply !== undefined && reply.status < 500) return reply;
        if (attempt > 200) throw new Error(`no answer: ${JSON.stringify(reply?.body)}`);
        // As a trainer does that meets a controller that ends.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const policies = paths.map(async (path, n) => {
      for (let call = 0; !over.signal.aborted || call < 20; call++) {
        const reply = await send(n + call, (at) => shell(at, path, `c${call}`, `echo ${call} >> log; sleep 0.05`));
        expect(reply.body.error, `${path} ${call}`).toBeUndefined();
        if (call > 2_000) return call;
      }
      const { body } = await send(n, (at) => shell(at, path, "last", "cat log"));
      return String(body.output).trim().split("\n").map(Number);
    });
    for (const index of [0, 1, 0]) {
      const next = start();
      expect(await running[index]!.end("SIGTERM")).toBe(0);
      running[index] = await next;
    }
    over.abort();
    for (const lines of await Promise.all(policies)) {
      expect(lines).toEqual(Array.from({ length: (lines as number[]).length }, (_, call) => call));
      expect((lines as number[]).length).toBeGreaterThanOrEqual(20);
    }
    for (const path of paths) {
      expect(await running[0]!.rollout(path)).toMatchObject({ status: "active", error: null });
      expect((await running[1]!.send("DELETE", path)).status).toBe(200);
    }
    for (const controller of running) await controller[Symbol.asyncDispose]();
  });

  test("what a killed controller left ready and half built is gone when another takes its place", async () => {
    const one = await start("--pool-sandboxes", "2");
    const path = await activeRollout(one);
    await one.end("SIGKILL");
    await using two = await start();
    await expect.poll(async () => (await two.send("DELETE", path)).status, { timeout: 60_000 }).toBe(200);
    expect(await readFile(`${place.path}/place`, "utf8")).toMatch(/^[0-9a-f-]{36}$/);
  });
});
