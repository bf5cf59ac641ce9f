import { describe, expect, test } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import { httpApp } from "../../support/http-app.ts";
import { aResult, aRollout, rolloutId } from "../../support/scripted-service.ts";

const prefixed = `trace_${rolloutId.replaceAll("-", "")}`;

describe("POST /v1/rollouts", () => {
  test("answers 201 for a new rollout and 200 for one that was there", async () => {
    for (const created of [true, false]) {
      await using http = httpApp({
        service: { create: async () => ({ rollout: aRollout({ status: "queued" }), created }) },
      });
      const reply = await http.send("POST", "/v1/rollouts", { environment: "click" });
      expect(reply.status).toBe(created ? 201 : 200);
      expect(reply.body).toEqual(aRollout({ status: "queued" }));
    }
  });

  test("takes an id in any form and hands it on in one", async () => {
    await using http = httpApp({ service: { create: async () => ({ rollout: aRollout(), created: true }) } });
    for (const id of [rolloutId, rolloutId.toUpperCase(), rolloutId.replaceAll("-", ""), prefixed]) {
      expect((await http.send("POST", "/v1/rollouts", { rollout_id: id, environment: "click" })).status).toBe(201);
    }
    expect(http.service.calls.map(({ args }) => args[0])).toEqual(
      Array.from({ length: 4 }, () => ({ rollout_id: rolloutId, environment: "click" })),
    );
  });

  test("refuses an id that is no UUID, naming the field", async () => {
    await using http = httpApp();
    const reply = await http.send("POST", "/v1/rollouts", { rollout_id: "42", environment: "click" });
    expect(reply.body.error).toMatchObject({ code: "invalid_request", cause: "caller" });
    expect(reply.body.error.message).toContain("rollout_id");
  });

  test("fills in the defaults of an environment that comes in full", async () => {
    await using http = httpApp({ service: { create: async () => ({ rollout: aRollout(), created: true }) } });
    await http.send("POST", "/v1/rollouts", { environment: { name: "mine" } });
    expect(http.service.calls[0]?.args[0]).toMatchObject({
      environment: { name: "mine", image: "host", workdir: "/workspace" },
    });
  });

  test("waits for the sandbox when it is asked to", async () => {
    await using http = httpApp({
      service: {
        create: async () => ({ rollout: aRollout({ status: "queued" }), created: true }),
        waitUntilSettled: async () => aRollout({ status: "active" }),
      },
    });
    const reply = await http.send("POST", "/v1/rollouts?wait_seconds=2.5", { environment: "click" });
    expect(reply).toMatchObject({ status: 201, body: { status: "active" } });
    expect(http.service.calls[1]).toEqual({ method: "waitUntilSettled", args: [rolloutId, 2500] });
  });

  test.each(["601", "-1", "soon"])("refuses to wait for %s seconds", async (seconds) => {
    await using http = httpApp();
    const reply = await http.send("POST", `/v1/rollouts?wait_seconds=${seconds}`, { environment: "click" });
    expect(reply.body.error).toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("wait_seconds"),
    });
    expect(http.service.calls).toEqual([]);
  });
});

describe("GET /v1/rollouts", () => {
  test("pages by creation time and id, so that rollouts of the same millisecond are told apart", async () => {
    const page = [aRollout(), aRollout({ created_at: "2026-01-01T00:00:00.000Z" })];
    await using http = httpApp({ service: { list: async ({ limit }) => page.slice(0, limit) } });
    const first = (await http.send("GET", "/v1/rollouts?limit=1")).body;
    expect(first).toMatchObject({ rollouts: [page[0]], next_before: `${page[0]?.created_at}_${rolloutId}` });
    await http.send("GET", `/v1/rollouts?limit=1&before=${first.next_before}`);
    expect(http.service.calls[1]?.args).toEqual([
      { limit: 2, before: { createdAt: page[0]?.created_at, id: rolloutId } },
    ]);
    expect((await http.send("GET", "/v1/rollouts?limit=2")).body.next_before).toBeNull();
  });

  test("takes statuses repeated or separated by commas", async () => {
    await using http = httpApp({ service: { list: async () => [] } });
    await http.send("GET", "/v1/rollouts?status=active,grading&group=g&before=2026-01-01T00:00:00Z");
    await http.send("GET", "/v1/rollouts?status=active&status=grading");
    expect(http.service.calls.map(({ args }) => args[0])).toEqual([
      { limit: 51, before: { createdAt: "2026-01-01T00:00:00.000Z" }, status: ["active", "grading"], group: "g" },
      { limit: 51, status: ["active", "grading"] },
    ]);
  });

  test.each(["limit=0", "limit=501", "status=alive", "before=yesterday", "color=red"])("refuses ?%s", async (query) => {
    await using http = httpApp();
    const reply = await http.send("GET", `/v1/rollouts?${query}`);
    expect(reply).toMatchObject({ status: 400, body: { error: { code: "invalid_request" } } });
    expect(reply.body.error.message).toContain(query.split("=")[0]);
  });
});

describe("one rollout", () => {
  test("is shown, recorded and deleted under any form of its id", async () => {
    await using http = httpApp({
      service: {
        get: async () => aRollout(),
        trajectory: async () => ({
          rollout_id: rolloutId,
          records: [],
          egress: { allowed: 0, denied: 0, denials: [] },
        }),
        close: async () => aRollout({ status: "closed" }),
      },
    });
    expect((await http.send("GET", `/v1/rollouts/${prefixed}`)).body).toEqual(aRollout());
    expect((await http.send("GET", `/v1/rollouts/${prefixed}/trajectory`)).body).toEqual({
      rollout_id: rolloutId,
      records: [],
      egress: { allowed: 0, denied: 0, denials: [] },
    });
    expect((await http.send("DELETE", `/v1/rollouts/${prefixed}`)).body.status).toBe("closed");
    expect(http.service.calls.map(({ args }) => args[0])).toEqual([rolloutId, rolloutId, rolloutId]);
  });

  test("is refused when its id is none", async () => {
    await using http = httpApp();
    const reply = await http.send("GET", "/v1/rollouts/42");
    expect(reply).toMatchObject({
      status: 400,
      body: { error: { message: "The path was refused: rollout_id: must be a UUID, bare or prefixed." } },
    });
  });

  test("is unknown with 404 and a remedy", async () => {
    const get = async () => {
      throw new BerthError("unknown_rollout", "There is no such rollout.");
    };
    await using http = httpApp({ service: { get } });
    const reply = await http.send("GET", `/v1/rollouts/${rolloutId}`);
    expect(reply).toMatchObject({
      status: 404,
      body: { error: { code: "unknown_rollout", remedy: expect.stringContaining("Create") } },
    });
  });
});

describe("tool calls", () => {
  const url = `/v1/rollouts/${rolloutId}/tools/shell`;

  test("answer with the result", async () => {
    await using http = httpApp({
      service: { callTool: async () => aResult({ outcome: { type: "exited", code: 3 } }) },
    });
    const reply = await http.send("POST", url, { call_id: "call_1", arguments: { command: "false" } });
    expect(reply).toMatchObject({ status: 200, body: { output: "hello\n", outcome: { type: "exited", code: 3 } } });
    expect(http.service.calls[0]?.args).toEqual([
      rolloutId,
      "shell",
      { call_id: "call_1", arguments: { command: "false" } },
    ]);
  });

  test("take arguments as a JSON string, and none", async () => {
    await using http = httpApp({ service: { callTool: async () => aResult() } });
    await http.send("POST", url, { arguments: '{"command":"ls"}' });
    await http.send("POST", url);
    expect(http.service.calls.map(({ args }) => args[2])).toEqual([
      { arguments: '{"command":"ls"}' },
      { arguments: {} },
    ]);
  });

  test("show the model's mistakes with 200 and an error in the body", async () => {
    const error = new BerthError("file_not_found", "There is no a.txt.").report();
    await using http = httpApp({ service: { callTool: async () => aResult({ output: "Error", error }) } });
    expect(await http.send("POST", url, {})).toMatchObject({
      status: 200,
      body: { error: { code: "file_not_found", cause: "policy" } },
    });
  });

  test.each([
    ["unknown_tool", 404],
    ["invalid_arguments", 400],
    ["outcome_unknown", 503],
    ["budget_exhausted", 409],
  ] as const)("that are refused as %s answer %i", async (code, status) => {
    const callTool = async () => {
      throw new BerthError(code, "Refused.");
    };
    await using http = httpApp({ service: { callTool } });
    expect(await http.send("POST", url, {})).toMatchObject({ status, body: { error: { code } } });
  });

  test.each([{ arguments: [1] }, { arguments: {}, extra: 1 }, { call_id: "two words" }, { call_id: "" }])(
    "refuse the body %j",
    async (body) => {
      await using http = httpApp();
      expect(await http.send("POST", url, body)).toMatchObject({
        status: 400,
        body: { error: { code: "invalid_request" } },
      });
    },
  );
});

describe("grading", () => {
  test("gives the verdict, with and without an answer", async () => {
    const verdict = { status: "scored" as const, reward: 1, parts: [], flags: [], duration_ms: 5 };
    await using http = httpApp({ service: { grade: async () => verdict } });
    expect(await http.send("POST", `/v1/rollouts/${rolloutId}/grade`)).toMatchObject({ status: 200, body: verdict });
    expect(await http.send("POST", `/v1/rollouts/${rolloutId}/grade`, { answer: "done" })).toMatchObject({
      body: verdict,
    });
    expect(http.service.calls.map(({ args }) => args[1])).toEqual([{}, { answer: "done" }]);
  });
});
