import { describe, expect, test } from "vitest";
import { z } from "zod";
import { BerthError } from "../../../src/core/errors.ts";
import { environment } from "../../../src/model/environment.ts";
import { defineTool } from "../../../src/tool/tool.ts";
import { authorization, httpApp } from "../../support/http-app.ts";
import { aResult, rolloutId } from "../../support/scripted-service.ts";

describe("environments", () => {
  const mine = environment.parse({ name: "mine" });

  test("are listed", async () => {
    await using http = httpApp({ service: { environments: async () => [mine] } });
    expect((await http.send("GET", "/v1/environments")).body).toEqual({ environments: [mine] });
  });

  test("are registered with the folder that their paths start from", async () => {
    await using http = httpApp({ service: { registerEnvironment: async () => mine } });
    expect(
      await http.send("POST", "/v1/environments", { environment: { name: "mine" }, base_dir: "/tasks" }),
    ).toMatchObject({ status: 201, body: mine });
    await http.send("POST", "/v1/environments", { environment: { name: "mine" } });
    expect(http.service.calls.map(({ args }) => args)).toEqual([
      [mine, "/tasks", "tests"],
      [mine, null, "tests"],
    ]);
  });

  test("with a typo are refused as invalid_environment", async () => {
    await using http = httpApp();
    const reply = await http.send("POST", "/v1/environments", { environment: { name: "mine", grader: [] } });
    expect(reply.body.error).toMatchObject({
      code: "invalid_environment",
      cause: "task",
      message: expect.stringContaining("grader"),
    });
  });
});

describe("tools", () => {
  const parameters = {
    type: "object",
    properties: { text: { type: "string", description: "What comes back." } },
    required: ["text"],
    additionalProperties: false,
  };

  test.each([
    ["", { name: "echo", description: "Gives back its text.", effect: "read", arguments: parameters }],
    [
      "?format=openai",
      { type: "function", function: { name: "echo", description: "Gives back its text.", parameters } },
    ],
    [
      "?format=mcp",
      {
        name: "echo",
        description: "Gives back its text.",
        inputSchema: parameters,
        annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      },
    ],
  ])("are described in the form of %s", async (query, tool) => {
    await using http = httpApp();
    expect((await http.send("GET", `/v1/tools${query}`)).body).toEqual({ tools: [tool] });
  });
});

test("the tools that an environment offers are asked for by its name", async () => {
  const own = defineTool({
    name: "own",
    description: "d",
    effect: "write",
    arguments: z.strictObject({}),
    run: async () => ({ output: "" }),
  });
  await using http = httpApp({ service: { toolsOf: async () => [own] } });
  const { body } = await http.send("GET", "/v1/tools?environment=click&format=mcp");
  expect(body).toMatchObject({ tools: [{ name: "own", annotations: { readOnlyHint: false } }] });
});

describe("readiness", () => {
  test("is the readiness of every part", async () => {
    const readiness = {
      store: async () => {},
      provider: async () => {
        throw new BerthError("provider_unavailable", "No runtime.");
      },
    };
    await using http = httpApp({ readiness });
    const reply = await http.app.inject("/readyz");
    expect(reply.statusCode).toBe(503);
    expect(reply.json()).toEqual({ status: "not_ready", checks: { store: "ok", provider: "provider_unavailable" } });
  });
});

describe("figures", () => {
  test("tell how late the event loop is from the moment that requests may come", async () => {
    await using http = httpApp();
    const figures = async () => (await http.app.inject({ url: "/metrics", headers: { authorization } })).body;
    expect(await figures()).not.toContain("berth_event_loop_");
    await http.app.listen({ host: "127.0.0.1", port: 0 });
    expect(await figures()).toMatch(/^berth_event_loop_longest_stall_seconds \d/m);
  });

  test("count requests by route and status, and those that failed by code and cause", async () => {
    await using http = httpApp({ service: { callTool: async () => aResult() } });
    await http.send("POST", `/v1/rollouts/${rolloutId}/tools/echo`, {});
    await http.send("POST", `/v1/rollouts/${rolloutId}/tools/${rolloutId}`, {});
    await http.send("GET", `/v1/${rolloutId}`);
    const text = (await http.app.inject({ url: "/metrics", headers: { authorization } })).body;
    expect(text).toContain(
      'berth_http_requests_total{method="POST",route="/v1/rollouts/:rollout_id/tools/:tool",status="200"} 2',
    );
    expect(text).toContain('berth_http_requests_total{method="GET",route="unmatched",status="404"} 1');
    expect(text).toContain('berth_errors_total{code="not_found",cause="caller"} 1');
    expect(text, "no id makes a series").not.toContain(rolloutId);
  });
});

test("an answer that is given while the controller closes ends its connection", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const environments = async () => {
    asked.resolve();
    await answer.promise;
    return [];
  };
  await using http = httpApp({ service: { environments } });
  const url = await http.app.listen({ host: "127.0.0.1", port: 0 });
  const reply = fetch(`${url}/v1/environments`, { headers: { authorization } });
  await asked.promise;
  const closed = http.app.close();
  await new Promise(setImmediate);
  answer.resolve();
  expect((await reply).headers.get("connection")).toBe("close");
  await closed;
});
