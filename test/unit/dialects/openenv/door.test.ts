import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import type { EnvironmentInput } from "../../../../src/model/environment.ts";
import { apiKey, authorization } from "../../../support/http-app.ts";
import { altered, smallEnvironment, type MemoryControllerOptions } from "../../../support/memory-controller.ts";
import { openEnvClient, refusalOf } from "../../../support/openenv-client.ts";
import { servedRollouts } from "../../../support/served-rollouts.ts";

async function served(environment: Partial<EnvironmentInput> = {}, options: MemoryControllerOptions = {}) {
  const berth = await servedRollouts(options);
  await berth.controller.service.registerEnvironment(smallEnvironment(environment), null);
  const path = "/v1/openenv/small";
  const statusOf = async (id: string) => (await berth.controller.service.get(id)).status;
  return {
    ...berth,
    path,
    statusOf,
    ws: `${berth.url}${path}/ws`,
    connect: () => openEnvClient(`${berth.url}${path}/ws`, { authorization }),
    rollouts: () => berth.controller.service.list({ limit: 10 }),
  };
}

const write = (content: string) => ({ tool: "write_file", arguments: { path: "answer", content } });
const submit = { type: "submit" };

describe("a socket", () => {
  test("plays an episode from the reset to the reward", async () => {
    await using berth = await served();
    await using client = await berth.connect();
    const begun = await client.reset({ episode_id: "episode-1", group: "g", seed: 7 });
    expect(begun).toMatchObject({ type: "observation", data: { reward: null, done: false } });
    const { episode_id: id } = begun.data.observation;
    expect(await client.step(write("0.5"))).toMatchObject({
      data: { observation: { tool_name: "write_file", error: null }, reward: null, done: false },
    });
    expect(await client.state()).toEqual({
      type: "state",
      data: { episode_id: id, step_count: 1, environment: "small", status: "active" },
    });
    expect(await client.step(submit)).toMatchObject({
      type: "observation",
      data: { reward: 0.5, done: true, observation: { metadata: { verdict: { status: "scored" } } } },
    });
    expect(await berth.controller.service.get(id)).toMatchObject({
      group: "g",
      labels: { episode_id: "episode-1" },
      created_by: "tests",
      verdict: { reward: 0.5 },
    });
    expect(await client.step(write("1"))).toMatchObject({ type: "error", data: { code: "SESSION_ERROR" } });
  });

  test("whose policy uses the tool submit ends its episode", async () => {
    await using berth = await served();
    await using client = await berth.connect();
    await client.step({ type: "call_tool", tool_name: "write_file", arguments: { path: "answer", content: "1" } });
    expect(await client.step({ type: "call_tool", tool_name: "submit", arguments: {} })).toMatchObject({
      data: { observation: { tool_name: "submit", result: "submitted\n" }, reward: 1, done: true },
    });
  });

  test("is told the tools without an episode, and the first tool begins one", async () => {
    await using berth = await served({ tools: ["shell"] });
    await using client = await berth.connect();
    const { data } = await client.step({ type: "list_tools" });
    expect(data.observation.tools).toEqual([
      { name: "shell", description: expect.any(String), input_schema: expect.objectContaining({ type: "object" }) },
    ]);
    expect(await client.state()).toMatchObject({ data: { episode_id: null, step_count: 0, status: null } });
    expect(await berth.rollouts()).toEqual([]);
    expect(await client.step({ tool: "shell", arguments: { command: "echo hello" } })).toMatchObject({
      data: { observation: { result: expect.stringContaining("hello"), metadata: { outcome: { code: 0 } } } },
    });
    expect(await berth.rollouts()).toHaveLength(1);
  });

  test("reads what the policy did wrong, and its episode goes on", async () => {
    await using berth = await served();
    await using client = await berth.connect();
    await client.reset();
    const step = async (tool: string, args: object) => (await client.step({ tool, arguments: args })).data;
    expect(await step("read_file", { path: "nothing" })).toMatchObject({
      observation: { result: expect.stringMatching(/^Error: .*nothing/), error: null },
      done: false,
    });
    expect(await step("read_file", { paths: 1 })).toMatchObject({
      observation: { result: null, error: { error_type: "invalid_args" }, metadata: { error: { cause: "policy" } } },
      done: false,
    });
    for (const name of ["teleport", "sh\u0000ell"])
      expect(await step(name, {})).toMatchObject({ observation: { error: { error_type: "tool_not_found" } } });
    expect(await step("shell", { command: "true" })).toMatchObject({ observation: { error: null }, done: false });
  });

  test("whose episode cannot be scored is given no reward, and why", async () => {
    const grade = async () => {
      throw new BerthError("grader_failed", "The grader fell over.");
    };
    await using berth = await served({}, { grader: { type: "tests", grade } });
    await using client = await berth.connect();
    await client.reset();
    expect((await client.step(submit)).data).toMatchObject({
      reward: null,
      done: true,
      observation: { metadata: { verdict: { status: "unscored", reason: { cause: "grader" } } } },
    });
  });

  test("is told of a failure of ours as an error of the protocol", async () => {
    const fails: MemoryControllerOptions = {
      store: (store) =>
        altered(store, () => ({
          reserveCall: async () => {
            throw new Error("The disk is gone.");
          },
        })),
    };
    await using berth = await served({}, fails);
    await using client = await berth.connect();
    await client.reset();
    expect(await client.step(write("1"))).toMatchObject({
      type: "error",
      data: { code: "EXECUTION_ERROR", message: expect.any(String), error: { cause: "infra" } },
    });
  });

  test("whose policy has used up its calls gets the reward of what it left", async () => {
    await using berth = await served({ budget: { tool_calls: 1 } });
    await using client = await berth.connect();
    await client.reset();
    await client.step(write("0.25"));
    expect((await client.step(write("1"))).data).toMatchObject({
      observation: { error: { error_type: "execution_error" }, metadata: { error: { code: "budget_exhausted" } } },
      reward: 0.25,
      done: true,
    });
  });

  test("is refused a rollout for which there is no room, and may ask again", async () => {
    await using berth = await served({}, { limits: { live: 1 } });
    await using first = await berth.connect();
    await using second = await berth.connect();
    await first.reset();
    expect(await second.reset()).toMatchObject({ type: "error", data: { code: "CAPACITY_REACHED" } });
    expect(await second.step(write("1"))).toMatchObject({ type: "error", data: { code: "SESSION_ERROR" } });
    await first.step(submit);
    expect(await second.reset()).toMatchObject({ type: "observation" });
  });

  test("is told what is wrong with a message, and stays open", async () => {
    await using berth = await served();
    await using client = await berth.connect();
    const codeOf = async (message: unknown) => (await client.ask(message)).data.code;
    expect(await codeOf("{")).toBe("INVALID_JSON");
    expect(await codeOf([])).toBe("VALIDATION_ERROR");
    expect(await codeOf({ type: "mcp", data: {} })).toBe("UNKNOWN_TYPE");
    expect(await codeOf({ type: "step", data: { tool: 5 } })).toBe("VALIDATION_ERROR");
    expect(await codeOf({ type: "reset", data: { episode_id: "\u0000" } })).toBe("VALIDATION_ERROR");
    expect(await client.state()).toMatchObject({ type: "state" });
  });

  test("is closed for a message that is too large", async () => {
    await using berth = await served();
    await using client = await berth.connect();
    client.socket.send("x".repeat(1_100_000));
    expect(await client.closed).toBe(1009);
  });

  test("is closed for messages without an end that do not wait for answers", async () => {
    await using berth = await served();
    await using client = await berth.connect();
    await client.reset();
    for (let sent = 0; sent < 100; sent += 1) client.socket.send('{"type":"reset"}');
    expect(await client.closed).toBe(1008);
  });
});

describe("the end of an episode", () => {
  test("comes with the end of its socket, whichever way that goes", async () => {
    await using berth = await served();
    for (const end of ["close", "leave", "vanish"]) {
      await using client = await berth.connect();
      const { episode_id: id } = (await client.reset()).data.observation;
      if (end === "close") client.socket.send('{"type":"close"}');
      else if (end === "leave") client.socket.close();
      else client.socket.terminate();
      expect(await client.closed).toBe({ close: 1000, leave: 1005, vanish: 1006 }[end]);
      await expect.poll(() => berth.statusOf(id), { timeout: 8_000 }).toBe("closed");
    }
    expect(berth.controller.sandboxes()).toEqual([]);
  });

  test("comes with the end of the server, which says that it goes away", async () => {
    await using berth = await served();
    await using client = await berth.connect();
    const { episode_id: id } = (await client.reset()).data.observation;
    await berth.restart();
    expect([await client.closed, await berth.statusOf(id)]).toEqual([1001, "closed"]);
  });

  test("comes with the next reset", async () => {
    await using berth = await served();
    await using client = await berth.connect();
    const ids = [await client.reset(), await client.reset()].map(({ data }) => data.observation.episode_id);
    expect(ids[0]).not.toBe(ids[1]);
    expect(await Promise.all(ids.map(berth.statusOf))).toEqual(["closed", "active"]);
  });

  test("kills the command that runs, and calls off the sandbox that starts", async () => {
    await using berth = await served();
    await using client = await berth.connect();
    const { episode_id: id } = (await client.reset()).data.observation;
    client.socket.send(JSON.stringify({ type: "step", data: { tool: "shell", arguments: { command: "sleep 60" } } }));
    await expect
      .poll(async () => (await berth.controller.service.trajectory(id)).records.length, { timeout: 8_000 })
      .toBe(1);
    client.socket.terminate();
    await expect.poll(() => berth.statusOf(id), { timeout: 8_000 }).toBe("closed");
    const another = await berth.connect();
    another.socket.send('{"type":"reset"}');
    await another[Symbol.asyncDispose]();
    const unfinished = async () => (await berth.rollouts()).filter(({ status }) => status !== "closed");
    await expect.poll(unfinished, { timeout: 8_000 }).toEqual([]);
    await expect.poll(() => berth.controller.sandboxes(), { timeout: 8_000 }).toEqual([]);
  });
});

describe("the door", () => {
  test("takes the key as a password, for clients that are given nothing but an address", async () => {
    await using berth = await served();
    const withUser = (user: string) => berth.ws.replace("http://", `http://${user}@`);
    await using client = await openEnvClient(withUser(`any:${apiKey}`));
    expect(await client.state()).toMatchObject({ type: "state" });
    expect(await refusalOf(berth.ws)).toBe(401);
    expect(await refusalOf(withUser("any:another"))).toBe(401);
    expect(await refusalOf(withUser(`${apiKey}:`))).toBe(401);
    const elsewhere = await fetch(`${berth.url}/v1/rollouts`, {
      headers: { authorization: `Basic ${btoa(`any:${apiKey}`)}` },
    });
    expect(elsewhere.status).toBe(401);
  });

  test("is closed to pages of other sites, and for environments that there are not", async () => {
    await using berth = await served();
    expect(await refusalOf(berth.ws, { authorization, origin: "https://elsewhere.example" })).toBe(403);
    expect(await refusalOf(berth.ws.replace("small", "large"), { authorization })).toBe(404);
  });

  test("keeps no connection that it refuses, and answers elsewhere as if nobody had asked for a WebSocket", async () => {
    await using berth = await served();
    const { host, hostname, port } = new URL(berth.url);
    const asked = async (path: string, more = "") => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`,
      );
      const [answer] = (await once(socket, "data")) as [Buffer];
      return { socket, status: Number(answer.toString("latin1").split(" ")[1]) };
    };
    const refused = await asked(`${berth.path}/ws`);
    await once(refused.socket, "end");
    expect(refused.status).toBe(401);
    for (const [path, expected] of [
      ["/healthz", 200],
      ["/nowhere", 401],
      ["/%zz", 400],
    ] as const) {
      const { socket, status } = await asked(path);
      expect([path, status]).toEqual([path, expected]);
      socket.destroy();
    }
  });
});

describe("without a socket", () => {
  test("an episode goes by its id, and a request that comes again is the same call", async () => {
    await using berth = await served();
    const begun = await berth.send("POST", `${berth.path}/reset`, {});
    expect(begun).toMatchObject({ status: 200, body: { reward: null, done: false } });
    const { episode_id } = begun.body.observation;
    const again = await berth.send("POST", `${berth.path}/reset`, { episode_id });
    expect(again.body.observation.episode_id).toBe(episode_id);
    const step = (action: object, request_id?: string) =>
      berth.send("POST", `${berth.path}/step`, { action, episode_id, request_id });
    expect(await step(write("0.75"), "r1")).toMatchObject({ body: { observation: { metadata: { replayed: false } } } });
    expect(await step(write("0.75"), "r1")).toMatchObject({ body: { observation: { metadata: { replayed: true } } } });
    expect(await berth.send("GET", `${berth.path}/state?episode_id=${episode_id}`)).toMatchObject({
      body: { episode_id, step_count: 1, status: "active" },
    });
    expect(await step(submit)).toMatchObject({ status: 200, body: { reward: 0.75, done: true } });
    expect(await step(write("1"))).toMatchObject({ status: 409, body: { error: { code: "rollout_closed" } } });
  });

  test("what an environment is can be asked, and that the controller answers by anybody", async () => {
    await using berth = await served({ tools: ["shell"] });
    const get = (name: string, key?: string) => berth.send("GET", `${berth.path}/${name}`, undefined, key);
    expect(await get("health", "none")).toEqual({ status: 200, body: { status: "healthy" } });
    expect(await get("metadata")).toMatchObject({
      body: { name: "small", description: expect.stringContaining("shell") },
    });
    expect((await get("schema")).body).toMatchObject({
      action: { anyOf: expect.arrayContaining([expect.objectContaining({ required: ["tool"] })]) },
      observation: { type: "object" },
      state: { type: "object", required: ["episode_id", "step_count", "environment", "status"] },
    });
    expect(await get("state")).toMatchObject({ body: { episode_id: null, step_count: 0 } });
    expect((await get("ws")).status).toBe(400);
    expect((await get("metadata", "another")).status).toBe(401);
  });
});
