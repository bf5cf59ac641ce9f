import { describe, expect, test } from "vitest";
import { BerthError, type ErrorCode } from "../../../../src/core/errors.ts";
import { dialects } from "../../../../src/dialects/all.ts";
import type { EnvironmentInput } from "../../../../src/model/environment.ts";
import { apiKey, authorization, httpApp } from "../../../support/http-app.ts";
import { smallEnvironment, type MemoryControllerOptions } from "../../../support/memory-controller.ts";
import { aResult, aRollout } from "../../../support/scripted-service.ts";
import { servedRollouts } from "../../../support/served-rollouts.ts";

const row = { responses_create_params: { input: "Write it." }, environment: "small", difficulty: 3 };
const said = (text: string) => ({
  output: [
    { type: "function_call", name: "shell" },
    { type: "message", role: "assistant", content: [{ type: "output_text", text }] },
  ],
});

/** An agent of NeMo Gym: it sends the cookies of the last reply, and those alone. */
function agentAt(url: string) {
  let cookies: string[] = [];
  const post = async (path: string, body: unknown, headers: Record<string, string> = { authorization }) => {
    const reply = await fetch(`${url}/${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...headers,
        ...(cookies.length > 0 && { cookie: cookies.join("; ") }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    cookies = reply.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0] ?? "");
    return { status: reply.status, body: (await reply.json()) as ReturnType<typeof JSON.parse> };
  };
  return {
    post,
    get cookies() {
      return cookies;
    },
    set cookies(given) {
      cookies = given;
    },
  };
}

async function served(environment: Partial<EnvironmentInput> = {}, options: MemoryControllerOptions = {}) {
  const berth = await servedRollouts(options);
  await berth.controller.service.registerEnvironment(smallEnvironment(environment), null);
  return { ...berth, agent: () => agentAt(`${berth.url}/v1/nemo-gym`) };
}

describe("a session", () => {
  test("goes from the seed to the reward by the cookie of each reply", async () => {
    await using berth = await served();
    const agent = berth.agent();
    const seeded = await agent.post("seed_session", row);
    expect(seeded).toMatchObject({ status: 200, body: { mcp: { server_name: "berth", transport: "http" } } });
    expect(agent.cookies).toHaveLength(1);
    const wrote = await agent.post("write_file", { path: "answer", content: "0.5" });
    expect(wrote).toEqual({ status: 200, body: { output: expect.any(String), done: false } });
    expect(agent.cookies).toHaveLength(1);
    const request = { ...row, response: said("done") };
    expect(await agent.post("verify", request)).toEqual({
      status: 200,
      body: {
        ...request,
        reward: 0.5,
        mask_sample: false,
        failure_kind: null,
        failure_reason: null,
        rollout_id: seeded.body.rollout_id,
      },
    });
    expect((await agent.post("verify", request)).body.reward).toBe(0.5);
    expect(await agent.post("shell", { command: "ls" })).toMatchObject({
      status: 200,
      body: { output: expect.stringMatching(/^Error: /), done: true },
    });
    expect((await berth.controller.service.get(seeded.body.rollout_id as string)).created_by).toBe("tests");
  });

  test("shows the model its mistakes, and says when its turn is over", async () => {
    await using berth = await served({ budget: { tool_calls: 5 } });
    const agent = berth.agent();
    await agent.post("seed_session", row);
    const shown = async (tool: string, args: object) => (await agent.post(tool, args)).body as object;
    const mistake = { output: expect.stringMatching(/^Error: /), done: false };
    expect(await shown("read_file", { path: "nothing" })).toEqual(mistake);
    expect(await shown("read_file", { paths: 1 })).toEqual(mistake);
    expect(await shown("teleport", {})).toEqual(mistake);
    expect(await shown("write_file", { path: "answer", content: "0.25" })).toMatchObject({ done: false });
    expect(await shown("submit", {})).toEqual({ output: "submitted\n", done: true });
    expect(await shown("shell", { command: "ls" })).toEqual({ ...mistake, done: true });
    expect((await agent.post("verify", { ...row, response: said("") })).body).toMatchObject({
      reward: 0.25,
      mask_sample: false,
    });
  });

  test("gives agents that speak MCP the same tools by a key of its own", async () => {
    await using berth = await served({ tools: ["shell"] });
    const { mcp } = (await berth.agent().post("seed_session", row)).body;
    const reply = await fetch(berth.url + mcp.url_path, {
      method: "POST",
      headers: {
        ...mcp.headers,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-06-18",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }),
    });
    expect([reply.status, await reply.text()]).toEqual([200, expect.stringContaining('"shell"')]);
  });

  test("goes under the name that NeMo Gym gives a rollout which it observes", async () => {
    await using berth = await served();
    const agent = agentAt(`${berth.url}/v1/nemo-gym/ng-rollout/task-1_0`);
    await agent.post("seed_session", row);
    expect(await agent.post("shell", { command: "echo hello" })).toMatchObject({
      body: { output: expect.stringContaining("hello") },
    });
    expect((await agent.post("verify", { ...row, response: {} })).body).toMatchObject({
      reward: 0,
      mask_sample: false,
    });
  });

  test("is named by a cookie that nobody else can make, for its rollout alone", async () => {
    await using berth = await served();
    const [first, second] = [berth.agent(), berth.agent()];
    await first.post("seed_session", row);
    await second.post("seed_session", row);
    const [mine = "", other = ""] = [...first.cookies, ...second.cookies];
    const [id = "", proof = ""] = mine.replace("berth_session=", "").split(".");
    const otherId = other.replace("berth_session=", "").split(".")[0] ?? "";
    const key = (await berth.send("POST", `/v1/rollouts/${id}/key`, {})).body.key as string;
    for (const forged of [
      `berth_session=${otherId}.${proof}`,
      `berth_session=${id}.${"0".repeat(64)}`,
      `berth_session=${id}.${key.replace("berth_rollout_", "")}`,
      `berth_session=${id}`,
      "",
    ]) {
      first.cookies = [forged];
      const { status, body } = await first.post("shell", { command: "ls" });
      expect([forged, status, body.error.code]).toEqual([forged, 400, "invalid_request"]);
    }
    first.cookies = [mine, "another=cookie"];
    expect((await first.post("shell", { command: "ls" })).status).toBe(200);
    expect((await first.post("shell", { command: "ls" }, {})).status).toBe(401);
  });

  test("takes the key as the password of its address, and nobody without one", async () => {
    await using berth = await served();
    const agent = berth.agent();
    const basic = (password: string) => ({ authorization: `Basic ${btoa(`gym:${password}`)}` });
    expect((await agent.post("seed_session", row, basic("another"))).status).toBe(401);
    expect((await agent.post("seed_session", row, {})).status).toBe(401);
    expect((await agent.post("seed_session", row, basic(apiKey))).status).toBe(200);
  });

  test.each([
    ["names an environment that there is not", { ...row, environment: "large" }, 404],
    ["names none", { responses_create_params: {} }, 400],
  ])("is not begun by a row that %s", async (_title, body, status) => {
    await using berth = await served();
    const agent = berth.agent();
    expect((await agent.post("seed_session", body)).status).toBe(status);
    expect(agent.cookies).toEqual([]);
    expect(await berth.controller.service.list({ limit: 1 })).toEqual([]);
  });
});

const beginning = {
  create: async () => ({ rollout: aRollout(), created: true }),
  waitUntilSettled: async () => aRollout(),
};

describe("a sample from which nothing may be learnt", () => {
  test("is one whose grader failed", async () => {
    const grade = async () => {
      throw new BerthError("grader_failed", "The grader fell over.");
    };
    await using berth = await served({}, { grader: { type: "tests", grade } });
    const agent = berth.agent();
    await agent.post("seed_session", row);
    expect((await agent.post("verify", { ...row, response: said("done") })).body).toMatchObject({
      ...row,
      reward: 0,
      mask_sample: true,
      failure_kind: "verifier_error",
      failure_reason: expect.stringContaining("fell over"),
    });
  });

  test("is one whose rollout was ended by somebody else", async () => {
    await using berth = await served();
    const agent = berth.agent();
    const { rollout_id: id } = (await agent.post("seed_session", row)).body;
    await berth.controller.service.close(id as string);
    expect((await agent.post("verify", { ...row, response: {} })).body).toMatchObject({
      mask_sample: true,
      failure_kind: "session_lost",
    });
  });

  test.each<[ErrorCode, string]>([
    ["sandbox_lost", "provider_unavailable"],
    ["sandbox_oom", "provider_oom_killed"],
    ["storage_failed", "persistence_failed"],
    ["setup_failed", "berth:setup_failed"],
  ])("is one whose grade ended in %s", async (code, kind) => {
    await using app = httpApp({
      dialects,
      service: {
        ...beginning,
        grade: async () => {
          throw new BerthError(code, "It is so.");
        },
      },
    });
    const agent = agentAt(`${await app.app.listen({ host: "127.0.0.1", port: 0 })}/v1/nemo-gym`);
    await agent.post("seed_session", row);
    expect(await agent.post("verify", { ...row, response: {} })).toMatchObject({
      status: 200,
      body: { mask_sample: true, failure_kind: kind },
    });
  });

  test("is one whose policy was shown a failure of ours, whatever comes later", async () => {
    let fails = true;
    await using app = httpApp({
      dialects,
      service: {
        ...beginning,
        callTool: async () => {
          if (fails) throw new BerthError("storage_failed", "The disk is full.");
          return aResult();
        },
        grade: async () => ({ status: "scored", reward: 1, parts: [], flags: [], duration_ms: 1 }),
        close: async () => aRollout({ status: "closed" }),
      },
    });
    const agent = agentAt(`${await app.app.listen({ host: "127.0.0.1", port: 0 })}/v1/nemo-gym`);
    await agent.post("seed_session", row);
    expect(await agent.post("shell", { command: "ls" })).toMatchObject({
      status: 503,
      body: { error: { cause: "infra" } },
    });
    fails = false;
    expect(await agent.post("shell", { command: "ls" })).toMatchObject({ status: 200, body: { output: "hello\n" } });
    expect((await agent.post("verify", { ...row, response: said("done") })).body).toMatchObject({
      reward: 0,
      mask_sample: true,
    });
    expect(app.service.calls.map(({ method }) => method)).not.toContain("grade");
    expect(app.service.calls.at(-1)?.method).toBe("close");
  });
});

describe("among several controllers", () => {
  test("a request goes with its cookie to the controller that holds the rollout, and the holder's cookie comes back", async () => {
    const shared = { dialects, config: { store_url: "postgres://x/y" } };
    await using holder = httpApp({
      ...shared,
      service: {
        locate: () => "here" as const,
        callTool: async () => {
          throw new BerthError("storage_failed", "The disk is full.");
        },
        close: async () => aRollout({ status: "closed" }),
      },
    });
    const url = await holder.app.listen({ host: "127.0.0.1", port: 0 });
    await using app = httpApp({
      ...shared,
      service: { ...beginning, locate: () => ({ controller: "holder", url }) },
    });
    const agent = agentAt(`${await app.app.listen({ host: "127.0.0.1", port: 0 })}/v1/nemo-gym`);
    await agent.post("seed_session", row);
    const [sound] = agent.cookies;
    expect((await agent.post("shell", { command: "ls" })).status).toBe(503);
    expect(agent.cookies).toHaveLength(1);
    expect(agent.cookies[0]).not.toBe(sound);
    expect((await agent.post("verify", { ...row, response: {} })).body).toMatchObject({ mask_sample: true });
    expect(holder.service.calls.filter(({ method }) => method !== "locate").map(({ method }) => method)).toEqual([
      "callTool",
      "close",
    ]);
  });

  test("what the model said last is its answer", async () => {
    await using app = httpApp({
      dialects,
      service: {
        ...beginning,
        grade: async () => ({ status: "scored", reward: 0.5, parts: [], flags: [], duration_ms: 1 }),
      },
    });
    const agent = agentAt(`${await app.app.listen({ host: "127.0.0.1", port: 0 })}/v1/nemo-gym`);
    await agent.post("seed_session", row);
    await agent.post("verify", { ...row, response: said("It is 42.") });
    await agent.post("verify", { ...row, response: {} });
    const asked = app.service.calls.filter(({ method }) => method === "grade").map(({ args }) => args[1]);
    expect(asked).toEqual([{ answer: "It is 42." }, {}]);
  });
});
