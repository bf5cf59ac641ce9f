import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { readEventStream } from "../../src/client/event-stream.ts";
import { rolloutEvent, type RolloutEvent } from "../../src/model/trajectory.ts";
import { ApiValidator } from "../support/api-validator.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ControllerProcess, controllerKey, dataDirectory, type Method } from "../support/controller-process.ts";
import { gitRepository, type GitRepository } from "../support/git-repository.ts";
import { removeSnapshotImages, ResidueCheck } from "../support/residue.ts";

const task = join(import.meta.dirname, "../fixtures/tasks/node");
const solution = {
  path: "src/slug.js",
  old_string: 'replace(" ", "-")',
  new_string: 'trim().replaceAll(/\\s+/g, "-")',
};

const taskSpec = z.object({
  command: z.string(),
  fail_to_pass: z.array(z.string()),
  pass_to_pass: z.array(z.string()),
});

describe.each(["oci", "docker"] as const)("%s", (backend) => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let controller: ControllerProcess;
  let repository: GitRepository;
  let residue: ResidueCheck;
  let api: ApiValidator;

  beforeAll(async () => {
    unavailable = await whyUnavailable(backend);
    if (unavailable !== undefined) return;
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
    repository = await gitRepository([{ folders: [join(task, "base")] }, { folders: [join(task, "solution")] }]);
    controller = await ControllerProcess.start({ backend, dataDir: place.path });
    api = await ApiValidator.of(controller);
    const spec = taskSpec.parse(JSON.parse(await readFile(join(task, "task.json"), "utf8")));
    await send("POST", "/v1/environments", {
      environment: {
        name: "slug",
        image: backend === "oci" ? "host" : "node",
        repo: { url: repository.url, commit: repository.commits[0] },
        graders: [{ type: "tests", ...spec, files: "hidden" }],
      },
      base_dir: task,
    });
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  afterEach(async () => {
    if (unavailable === undefined) await residue.expectNothing();
  });

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller[Symbol.asyncDispose]();
    if (backend === "docker") await removeSnapshotImages(place.path);
    await repository[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  /** Every answer is held to the controller's own description of it. */
  const send = (method: Method, path: string, body?: unknown) => api.send(controller, method, path, body);

  async function events(path: string): Promise<RolloutEvent[]> {
    const reply = await fetch(`${controller.url}${path}/events`, {
      headers: { authorization: `Bearer ${controllerKey}` },
      signal: AbortSignal.timeout(60_000),
    });
    expect(reply.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const seen: RolloutEvent[] = [];
    for await (const { event, data } of readEventStream(reply.body!.pipeThrough(new TextDecoderStream()))) {
      if (event === "end") return seen;
      const value: unknown = JSON.parse(data);
      api.expectDescribed({ method: "GET", path: `${path}/events`, status: "200", type: "text/event-stream" }, value);
      seen.push(rolloutEvent.parse(value));
    }
    throw new Error("The stream was cut.");
  }

  test("lives from creation to its end, and may be asked for everything again", async () => {
    const hex = crypto.randomUUID().replaceAll("-", "");
    const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const path = `/v1/rollouts/trace_${hex}`;
    const request = { rollout_id: `trace_${hex}`, environment: "slug", group: "g", labels: { step: "1" } };

    const created = await send("POST", "/v1/rollouts", request);
    expect(created).toMatchObject({
      status: 201,
      body: { rollout_id: id, environment: "slug", labels: { step: "1" } },
    });
    const watched = events(path);
    const again = await send("POST", "/v1/rollouts?wait_seconds=60", { ...request, rollout_id: id.toUpperCase() });
    expect(again).toMatchObject({ status: 200, body: { rollout_id: id, status: "active", error: null } });
    expect(again.body.created_at).toBe(created.body.created_at);

    const tool = (name: string, call: unknown) => send("POST", `${path}/tools/${name}`, call);
    expect((await tool("list_dir", { call_id: "list" })).body.output).toContain("src/");
    const history = await tool("shell", { call_id: "log", arguments: { command: "git log --format=%H --all" } });
    expect(history.body.output).toBe(`${repository.commits[0]}\n`);

    // Reads run side by side, also while each waits for the other.
    const reads = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        tool("read_file", { call_id: `read-${n}`, arguments: { path: "src/slug.js" } }),
      ),
    );
    expect(new Set(reads.map(({ status, body }) => `${status} ${body.output}`)).size).toBe(1);
    // Writes are ordered: each sees all of the one before.
    const appended = await Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        tool("shell", {
          call_id: `append-${n}`,
          arguments: {
            command: `n=$(wc -l < /tmp/lines 2>/dev/null || echo 0); sleep 0.02; echo ${n} >> /tmp/lines; echo $n`,
          },
        }),
      ),
    );
    expect(appended.map(({ body }) => String(body.stdout.head).trim()).toSorted()).toEqual(["0", "1", "2", "3", "4"]);

    // The same call at the same time joins, and later is replayed: it runs once.
    const once = { call_id: "once", arguments: { command: "sleep 0.2; echo x >> /tmp/once; wc -l < /tmp/once" } };
    const joined = await Promise.all([tool("shell", once), tool("shell", once)]);
    const replayed = await tool("shell", once);
    expect([...joined, replayed].map(({ body }) => String(body.stdout.head))).toEqual(["1\n", "1\n", "1\n"]);
    expect(replayed.body.replayed).toBe(true);
    // A JSON string means the same as the object.
    expect(
      (await tool("edit_file", { call_id: "edit", arguments: JSON.stringify(solution) })).body.error,
    ).toBeUndefined();
    // A refused call is part of the record too.
    expect((await tool("shell", { call_id: "wrong", arguments: {} })).status).toBe(400);

    const trajectory = await send("GET", `${path}/trajectory`);
    expect(trajectory.body.rollout_id).toBe(id);
    const records = trajectory.body.records as { seq: number; call_id: string; state: string; arguments: unknown }[];
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index));
    expect(records.map(({ call_id }) => call_id).toSorted()).toEqual(
      [
        "list",
        "log",
        "once",
        "edit",
        "wrong",
        ...reads.map((_, n) => `read-${n}`),
        ...appended.map((_, n) => `append-${n}`),
      ].toSorted(),
    );
    expect(records.every(({ state }) => state === "done")).toBe(true);
    expect(records.find(({ call_id }) => call_id === "edit")?.arguments).toBe(JSON.stringify(solution));

    const [verdict, same] = await Promise.all([send("POST", `${path}/grade`, {}), send("POST", `${path}/grade`, {})]);
    expect(verdict).toMatchObject({ status: 200, body: { status: "scored", reward: 1, flags: [] } });
    expect(same.body).toEqual(verdict.body);
    expect((await send("POST", `${path}/grade`, { answer: "late" })).body).toEqual(verdict.body);
    // Its sandbox is gone; what it did can still be read.
    await residue.expectNothing();
    expect((await tool("shell", once)).body).toMatchObject({ replayed: true, output: "1\n" });
    expect((await tool("shell", { ...once, call_id: "new" })).body.error.code).toBe("rollout_closed");

    const gone = await send("DELETE", path);
    expect(gone).toMatchObject({
      status: 200,
      body: { status: "closed", verdict: verdict.body, tool_calls: records.length },
    });
    expect((await send("DELETE", path)).body).toEqual(gone.body);
    expect((await send("GET", path)).body).toEqual(gone.body);

    const seen = await watched;
    const statuses = seen.flatMap((event) => (event.type === "status" ? [event.status] : []));
    expect(["queued", "preparing", "active"]).toContain(statuses[0]);
    expect(statuses.slice(-3)).toEqual(["active", "grading", "closed"]);
    expect(seen.filter((event) => event.type === "verdict")).toMatchObject([{ status: "scored", reward: 1 }]);
    const calls = (state: string) =>
      seen.flatMap((event) => (event.type === "tool_call" && event.state === state ? [event.call_id] : [])).toSorted();
    expect(calls("done")).toEqual(calls("running"));
    expect(calls("done")).toEqual(records.map(({ call_id }) => call_id).toSorted());
    expect((await events(path)).map((event) => event.type === "status" && event.status)).toEqual(["closed"]);
  });

  test("is gone when the answer to its deletion comes, also in the middle of a call", async () => {
    const { body } = await send("POST", "/v1/rollouts?wait_seconds=60", { environment: "slug" });
    const path = `/v1/rollouts/${body.rollout_id}`;
    const call = send("POST", `${path}/tools/shell`, { call_id: "long", arguments: { command: "sleep 60" } });
    await expect.poll(() => controller.trajectory(path)).toMatchObject([{ state: "running" }]);
    expect((await send("DELETE", path)).body).toMatchObject({ status: "closed", verdict: null });
    expect(await residue.find()).toEqual([]);
    const { body: ended } = await call;
    expect(ended.error?.code ?? ended.outcome?.type).toMatch(/^(?:rollout_closed|cancelled)$/);
    expect((await send("POST", `${path}/grade`, {})).body.error.code).toBe("rollout_closed");
  });

  test("does not wait for the setup steps of its snapshot to be deleted, unless another rollout does", async () => {
    const environment = {
      name: "slow",
      image: backend === "oci" ? "host" : "base",
      setup: ["sleep 2; echo made > made"],
    };
    const create = () => send("POST", "/v1/rollouts", { environment: { ...environment, env: { RUN: place.path } } });
    const made = await Promise.all([create(), create()]);
    const [first, second] = made.map(({ body }) => `/v1/rollouts/${body.rollout_id}`) as [string, string];
    const builds = async () => (await residue.find()).filter((item) => /^(?:process|container) /.test(item));
    await expect.poll(builds, { timeout: 10_000 }).not.toEqual([]);
    const began = performance.now();
    expect((await send("DELETE", first)).body).toMatchObject({ status: "closed" });
    expect(performance.now() - began).toBeLessThan(1500);
    expect((await send("GET", `${second}?wait_seconds=30`)).body).toMatchObject({ status: "active" });
    await send("DELETE", second);

    const third = await send("POST", "/v1/rollouts", { environment: { ...environment, setup: ["sleep 60"] } });
    await expect.poll(builds, { timeout: 10_000 }).not.toEqual([]);
    expect((await send("DELETE", `/v1/rollouts/${third.body.rollout_id}`)).body).toMatchObject({ status: "closed" });
    // Nobody waits for the build any more: it ends, and leaves nothing.
    await residue.expectNothing();
  });

  test("is found in the list, page by page, also when many were created in the same millisecond", async () => {
    const group = `pages-${crypto.randomUUID()}`;
    const made = await Promise.all(
      Array.from({ length: 7 }, () =>
        send("POST", "/v1/rollouts", { environment: { name: "empty", image: "/no/such/root" }, group }),
      ),
    );
    const ids = made.map(({ body }) => String(body.rollout_id));
    for (const limit of [1, 2, 3, 7, 8]) {
      const found: string[] = [];
      let pages = 0;
      for (let before: string | null = ""; before !== null; pages += 1) {
        const page = await send("GET", `/v1/rollouts?group=${group}&limit=${limit}${before && `&before=${before}`}`);
        found.push(...(page.body.rollouts as { rollout_id: string }[]).map(({ rollout_id }) => rollout_id));
        before = page.body.next_before;
      }
      expect(found.toSorted()).toEqual(ids.toSorted());
      expect(pages).toBe(Math.ceil(ids.length / limit));
    }
    const failed = await Promise.all(ids.map((id) => send("GET", `/v1/rollouts/${id}?wait_seconds=30`)));
    expect(failed.map(({ body }) => String(body.error.code))).toEqual(ids.map(() => "image_not_found"));
    expect((await send("GET", `/v1/rollouts?group=${group}&status=active`)).body.rollouts).toEqual([]);
  });

  test("stands beside what describes the controller", async () => {
    expect((await send("GET", "/healthz")).body).toEqual({ status: "ok" });
    expect((await send("GET", "/readyz")).body).toEqual({
      status: "ready",
      checks: { store: "ok", provider: "ok", lease: "ok", accepting: "ok" },
    });
    expect((await send("GET", "/metrics")).body).toContain("berth_http_requests_total{");
    for (const format of ["berth", "openai", "mcp"])
      expect((await send("GET", `/v1/tools?format=${format}`)).body.tools.length).toBeGreaterThan(30);
    expect((await send("GET", "/v1/environments")).body.environments).toMatchObject([{ name: "slug" }]);
  });
});
