import { describe, expect, test } from "vitest";
import { BerthError, type ErrorCode } from "../../../../src/core/errors.ts";
import { dialects } from "../../../../src/dialects/all.ts";
import type { Verdict } from "../../../../src/model/verdict.ts";
import type { RolloutService } from "../../../../src/rollout/rollout-service.ts";
import { apiKey, httpApp } from "../../../support/http-app.ts";
import { aResult, aRollout, rolloutId } from "../../../support/scripted-service.ts";

const traceId = `trace_${rolloutId.replaceAll("-", "")}`;
const call = {
  type: "function_call",
  id: "fc_1",
  call_id: "call_1",
  name: "shell",
  arguments: '{"command":"ls"}',
  trace_id: traceId,
  item: { environment: "click" },
};
const door = (service: Partial<RolloutService>) => httpApp({ dialects, service });
const scored: Verdict = { status: "scored", reward: 1, parts: [], flags: [], duration_ms: 1 };
const fails = (code: ErrorCode) => async () => {
  throw new BerthError(code, `It is ${code}.`);
};

describe("A tool call", () => {
  test("goes to the rollout that its trace is, and comes back with the ids that it came with", async () => {
    await using app = door({ callTool: async () => aResult({ output: "out" }) });
    const reply = await app.send("POST", "/v1/agent-rft/tools", call);
    expect(reply).toMatchObject({
      status: 200,
      body: { type: "function_call_output", id: "fc_1", call_id: "call_1", output: "out" },
    });
    expect(app.service.calls).toEqual([
      { method: "callTool", args: [rolloutId, "shell", { call_id: "call_1", arguments: '{"command":"ls"}' }] },
    ]);
  });

  test("of an unseen trace begins its rollout first, from the item", async () => {
    let begun = false;
    await using app = door({
      callTool: async () => (begun ? aResult() : fails("unknown_rollout")()),
      create: async () => {
        begun = true;
        return { rollout: aRollout(), created: true };
      },
    });
    expect((await app.send("POST", "/v1/agent-rft/tools/shell", { ...call, name: undefined })).status).toBe(200);
    expect(app.service.calls.map(({ method }) => method)).toEqual(["callTool", "create", "callTool"]);
    expect(app.service.calls[1]?.args).toEqual([{ rollout_id: rolloutId, item: call.item }, "tests"]);
  });

  test("waits for room instead of being refused", async () => {
    let refusals = 2;
    let begun = false;
    await using app = door({
      callTool: async () => (begun ? aResult() : fails("unknown_rollout")()),
      create: async () => {
        if (refusals-- > 0) return fails(refusals === 1 ? "overloaded" : "queue_deadline")();
        begun = true;
        return { rollout: aRollout(), created: true };
      },
    });
    expect((await app.send("POST", "/v1/agent-rft/tools", call)).status).toBe(200);
  });

  test("whose id was used for another call of the rollout is a call of its own", async () => {
    await using app = door({
      callTool: async (_id, _tool, { call_id }) =>
        call_id === "call_1" ? fails("call_conflict")() : aResult({ output: "another" }),
    });
    const [first, again] = [
      await app.send("POST", "/v1/agent-rft/tools", call),
      await app.send("POST", "/v1/agent-rft/tools", call),
    ];
    expect([first.body.output, again.body.output]).toEqual(["another", "another"]);
    const keys = app.service.calls.map(({ args }) => (args[2] as { call_id: string }).call_id);
    expect(keys[1]).toBe(keys[3]);
    expect(keys[1]).not.toBe("call_1");
  });

  test.each<[ErrorCode]>([
    ["unknown_tool"],
    ["invalid_arguments"],
    ["budget_exhausted"],
    ["sandbox_oom"],
    ["rollout_closed"],
  ])("that ends in %s is shown to the model", async (code) => {
    await using app = door({ callTool: fails(code) });
    const reply = await app.send("POST", "/v1/agent-rft/tools", call);
    expect([reply.status, String(reply.body.output).startsWith("Error: ")]).toEqual([200, true]);
  });

  test.each<[ErrorCode]>([
    ["sandbox_lost"],
    ["outcome_unknown"],
    ["overloaded"],
    ["setup_failed"],
    ["image_not_found"],
    ["invalid_environment"],
    ["unknown_environment"],
    ["storage_failed"],
    ["deadline_exceeded"],
  ])("that ends in %s has the rollout thrown away, and is not shown to the model", async (code) => {
    await using app = door({ callTool: fails(code) });
    const { status, body } = await app.send("POST", "/v1/agent-rft/tools", call);
    expect(status).toBeGreaterThanOrEqual(500);
    expect(body.error.code).toBe(code);
  });

  test("is answered in less than 1 MB, whatever escapes do to its output", async () => {
    await using app = door({ callTool: async () => aResult({ output: "\u0001".repeat(400_000) }) });
    const reply = await app.send("POST", "/v1/agent-rft/tools", call);
    expect(Buffer.byteLength(JSON.stringify(reply.body))).toBeLessThanOrEqual(1_000_000);
    expect(reply.body.output).toContain("characters left out");
  });

  test.each([
    ["without a trace", { ...call, trace_id: undefined }],
    ["with a trace that is no id", { ...call, trace_id: "tomorrow" }],
    ["without a name", { ...call, name: undefined }],
    ["that is a list", [call]],
  ])("%s is malformed", async (_title, body) => {
    await using app = door({});
    expect((await app.send("POST", "/v1/agent-rft/tools", body)).status).toBe(400);
  });

  test("with a name that no record can keep is the model's mistake", async () => {
    await using app = door({});
    for (const name of ["sh\u0000ell", "\ud800"]) {
      const { status, body } = await app.send("POST", "/v1/agent-rft/tools", { ...call, name });
      expect([status, body.output]).toEqual([200, expect.stringMatching(/^Error: There is no tool/)]);
    }
  });

  test("and a grade go to the controller that holds the rollout of their trace", async () => {
    const located: string[] = [];
    await using app = httpApp({
      dialects,
      config: { store_url: "postgres://x/y" },
      service: {
        locate: (id) => (located.push(id), "here" as const),
        callTool: async () => aResult(),
        grade: async () => scored,
      },
    });
    await app.send("POST", "/v1/agent-rft/tools", call);
    await app.send("POST", "/v1/agent-rft/tools/shell", call);
    await app.send("POST", "/v1/agent-rft/grade", { trace_id: traceId });
    expect(located).toEqual([rolloutId, rolloutId, rolloutId]);
    expect((await app.send("POST", "/v1/agent-rft/tools", { ...call, trace_id: "tomorrow" })).status).toBe(400);
  });

  test("whose rollout another controller begins in the same instant is answered by that one", async () => {
    const held = {
      callTool: async () => aResult({ output: "from the holder" }),
      grade: async () => scored,
      locate: () => "here" as const,
    };
    const shared = { dialects, config: { store_url: "postgres://x/y" } };
    await using holder = httpApp({ ...shared, service: held });
    const url = await holder.app.listen({ host: "127.0.0.1", port: 0 });
    let begun = false;
    const late = () => fails(begun ? "fenced" : "unknown_rollout")();
    await using app = httpApp({
      ...shared,
      service: {
        locate: () => (begun ? { controller: "holder", url } : "here"),
        callTool: late,
        grade: late,
        create: async () => {
          begun = true;
          return { rollout: aRollout(), created: false };
        },
      },
    });
    const reply = await app.send("POST", "/v1/agent-rft/tools", call);
    expect(reply).toMatchObject({ status: 200, body: { call_id: "call_1", output: "from the holder" } });
    expect(holder.service.calls).toContainEqual({
      method: "callTool",
      args: [rolloutId, "shell", { call_id: "call_1", arguments: call.arguments }],
    });
    begun = false;
    const grade = await app.send("POST", "/v1/agent-rft/grade", { trace_id: traceId, item: call.item });
    expect(grade).toMatchObject({ status: 200, body: { score: 1 } });
  });

  test("may carry its key in the URL; another key is refused, and other paths take none there", async () => {
    await using app = door({ callTool: async () => aResult(), list: async () => [] });
    const status = async (url: string, method: "POST" | "GET" = "POST") =>
      (await app.app.inject({ method, url, ...(method === "POST" ? { payload: call } : {}) })).statusCode;
    expect(await status(`/v1/agent-rft/tools?key=${apiKey}`)).toBe(200);
    expect(await status("/v1/agent-rft/tools?key=another")).toBe(401);
    expect(await status(`/v1/rollouts?key=${apiKey}`, "GET")).toBe(401);
  });

  test("with a wrong key in the URL is refused also where this machine needs none", async () => {
    await using app = httpApp({
      dialects,
      service: { callTool: async () => aResult() },
      config: { api_keys: [], allow_anonymous_loopback: true },
    });
    const status = async (url: string) => (await app.app.inject({ method: "POST", url, payload: call })).statusCode;
    expect(await status("/v1/agent-rft/tools")).toBe(200);
    expect(await status("/v1/agent-rft/tools?key=another")).toBe(401);
  });
});

describe("A grader call", () => {
  const sample = {
    choices: [{ message: { role: "assistant", content: "from the choices" } }],
    output_text: "the answer",
  };
  const graded = { sample, item: call.item, trace_id: traceId };

  test("is answered with the reward of the stored verdict, from what the model said last", async () => {
    await using app = door({
      grade: async () => ({ status: "scored", reward: 0.73, parts: [], flags: [], duration_ms: 1 }),
    });
    expect(await app.send("POST", "/v1/agent-rft/grade", graded)).toMatchObject({ status: 200, body: { score: 0.73 } });
    await app.send("POST", "/v1/agent-rft/grade", { ...graded, sample: { ...sample, output_text: "" } });
    expect(app.service.calls.map(({ args }) => args[1])).toEqual([
      { answer: "the answer" },
      { answer: "from the choices" },
    ]);
  });

  test("of a rollout that could not be scored is a failure, never a score", async () => {
    const reason = new BerthError("invalid_environment", "It has no grader.").report();
    await using app = door({
      grade: async () => ({ status: "unscored", reward: null, parts: [], reason, duration_ms: 1 }),
    });
    const reply = await app.send("POST", "/v1/agent-rft/grade", graded);
    expect(reply.status).toBeGreaterThanOrEqual(500);
    expect(reply.body).not.toHaveProperty("score");
  });

  test("of an unseen trace begins its rollout", async () => {
    let begun = false;
    await using app = door({
      grade: async () =>
        begun ? { status: "scored", reward: 0, parts: [], flags: [], duration_ms: 1 } : fails("unknown_rollout")(),
      create: async () => {
        begun = true;
        return { rollout: aRollout(), created: true };
      },
    });
    expect((await app.send("POST", "/v1/agent-rft/grade", graded)).body).toEqual({ score: 0 });
  });

  test("without a trace, as people send by hand, is malformed", async () => {
    await using app = door({});
    const { status, body } = await app.send("POST", "/v1/agent-rft/grade", { sample });
    expect([status, body.error.code]).toEqual([400, "invalid_request"]);
  });
});
