import { describe, expect, test } from "vitest";
import { BerthError, errorCodes, errorTable } from "../../../src/core/errors.ts";
import { errorBody } from "../../../src/model/error.ts";
import { authorization, httpApp } from "../../support/http-app.ts";
import { rolloutId } from "../../support/scripted-service.ts";

const post = (http: ReturnType<typeof httpApp>, payload: string, type = "application/json") =>
  http.app.inject({ method: "POST", url: "/v1/rollouts", payload, headers: { authorization, "content-type": type } });

describe("bodies that are refused", () => {
  test.each([
    ["broken JSON", "{", "application/json", "invalid_request"],
    ["an empty body", "", "application/json", "invalid_request"],
    ["null", "null", "application/json", "invalid_request"],
    ["a list", "[]", "application/json", "invalid_request"],
    ["a prototype", '{"environment":"a","__proto__":{"x":1}}', "application/json", "invalid_request"],
    ["text", "environment=click", "text/plain", "invalid_request"],
    ["a form", "environment=click", "application/x-www-form-urlencoded", "invalid_request"],
    ["a large body", JSON.stringify({ environment: "x".repeat(20_000) }), "application/json", "request_too_large"],
    [
      "a typo in an environment",
      '{"environment":{"name":"a","imgae":"host"}}',
      "application/json",
      "invalid_environment",
    ],
    [
      "a wrong environment",
      '{"environment":{"name":"a","repo":{"url":"x","commit":"main"}}}',
      "application/json",
      "invalid_environment",
    ],
  ] as const)("%s", async (_what, payload, type, code) => {
    await using http = httpApp();
    const reply = await post(http, payload, type);
    expect(reply.statusCode).toBe(errorTable[code].status);
    expect(errorBody.parse(reply.json()).error.code).toBe(code);
    expect(http.service.calls).toEqual([]);
  });

  test("name each field that is wrong", async () => {
    await using http = httpApp();
    const body = {
      environment: { name: "a", repo: { url: "x", commit: "main" }, budget: { tool_calls: 0 } },
      group: "",
    };
    const { message } = (await post(http, JSON.stringify(body))).json().error;
    expect(message).toContain("environment.repo.commit: must be a full commit id of 40 or 64 hex digits");
    expect(message).toContain("environment.budget.tool_calls");
    expect(message).toContain("group");
  });

  test.for(["\0", "a\ud800"])("refuse a group that no database could keep: %j", async (group) => {
    await using http = httpApp();
    const message = "group: must be Unicode text without NUL";
    expect((await post(http, JSON.stringify({ environment: "x", group }))).json().error.message).toContain(message);
    expect((await http.send("GET", "/v1/rollouts?group=%00")).status).toBe(400);
  });

  test("name the limit that they passed", async () => {
    await using http = httpApp({ config: { max_body_bytes: 100 } });
    expect((await post(http, JSON.stringify({ environment: "x".repeat(200) }))).json().error.message).toBe(
      "The body is larger than 100 bytes.",
    );
  });
});

describe("every code of the error table", () => {
  test.each(errorCodes)("%s leaves with its status, cause and remedy", async (code) => {
    const get = async () => {
      throw new BerthError(code, "The message.");
    };
    await using http = httpApp({ service: { get } });
    const reply = await http.send("GET", `/v1/rollouts/${rolloutId}`);
    const { status, causedBy, remedy, retryable } = errorTable[code];
    expect(reply.status).toBe(status);
    expect(errorBody.parse(reply.body).error).toMatchObject({ code, cause: causedBy, remedy, retryable });
    const worthRepeating = retryable && (status === 429 || status === 503);
    expect(reply.headers["retry-after"] !== undefined).toBe(worthRepeating);
  });
});

test("a refusal that knows when to come again says so instead", async () => {
  const create = () => Promise.reject(new BerthError("overloaded", "Full.", { retryAfterSeconds: 42 }));
  await using http = httpApp({ service: { create } });
  const reply = await http.send("POST", "/v1/rollouts", { environment: "click" });
  expect([reply.status, reply.headers["retry-after"]]).toEqual([429, "42"]);
});

describe("what is not ours to name", () => {
  test.each([
    ["an error", new Error("password=hunter2")],
    ["an error of ours that wraps one", new BerthError("internal", "password=hunter2")],
    ["no error at all", "password=hunter2"],
  ])("%s becomes internal and says nothing of its inside", async (_what, thrown) => {
    const get = () => Promise.reject(thrown);
    await using http = httpApp({ service: { get } });
    const reply = await http.app.inject({ url: `/v1/rollouts/${rolloutId}`, headers: { authorization } });
    expect(reply.statusCode).toBe(500);
    expect(reply.json().error.code).toBe("internal");
    expect(reply.body).not.toContain("hunter2");
  });

  test("an answer of the service that breaks its schema becomes internal", async () => {
    await using http = httpApp({ service: { get: async () => ({ rollout_id: "x" }) as never } });
    expect(await http.send("GET", `/v1/rollouts/${rolloutId}`)).toMatchObject({
      status: 500,
      body: { error: { code: "internal" } },
    });
  });
});

describe("paths and methods that do not exist", () => {
  test.each([
    ["GET", "/v1/nothing"],
    ["PUT", "/v1/rollouts"],
    ["POST", "/healthz"],
  ] as const)("%s %s is not_found", async (method, url) => {
    await using http = httpApp();
    expect(await http.send(method, url)).toMatchObject({
      status: 404,
      body: { error: { code: "not_found", message: `There is no ${method} ${url}.` } },
    });
  });

  test("a path that is no path is invalid_request", async () => {
    await using http = httpApp();
    expect(await http.send("GET", "/%zz")).toMatchObject({ status: 400, body: { error: { code: "invalid_request" } } });
  });
});

describe("request ids", () => {
  test("the caller's comes back in header and body", async () => {
    await using http = httpApp();
    const reply = await http.app.inject({
      url: "/v1/nothing",
      headers: { authorization, "x-request-id": "trainer-7:42" },
    });
    expect(reply.headers["x-request-id"]).toBe("trainer-7:42");
    expect(reply.json().request_id).toBe("trainer-7:42");
  });

  test.each(["a b", "x".repeat(200), "<script>"])("%s is replaced", async (sent) => {
    await using http = httpApp();
    const reply = await http.app.inject({ url: "/healthz", headers: { "x-request-id": sent } });
    expect(reply.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });
});
