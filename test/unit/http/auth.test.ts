import { describe, expect, test } from "vitest";
import { authorization, httpApp } from "../../support/http-app.ts";
import { aRollout } from "../../support/scripted-service.ts";

const rollouts = { list: async () => [] };
const open = ["/healthz", "/readyz", "/openapi.json"];

describe("with keys", () => {
  test.each([
    ["no header", {}],
    ["another key", { authorization: "Bearer another-key" }],
    ["a part of the key", { authorization: authorization.slice(0, -1) }],
    ["another scheme", { authorization: authorization.replace("Bearer", "Basic") }],
    ["an empty key", { authorization: "Bearer " }],
  ])("a request with %s is refused", async (_what, headers) => {
    await using http = httpApp({ service: rollouts });
    const reply = await http.app.inject({ url: "/v1/rollouts", headers });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers["www-authenticate"]).toBe("Bearer");
    expect(reply.json().error).toMatchObject({ code: "unauthorized", cause: "caller", retryable: false });
    expect(http.service.calls).toEqual([]);
  });

  test("every key opens, in any spelling of the scheme", async () => {
    await using http = httpApp({ service: rollouts, config: { api_keys: ["key-number-1", "key-number-2"] } });
    for (const sent of ["Bearer key-number-1", "bearer key-number-2"]) {
      expect((await http.app.inject({ url: "/v1/rollouts", headers: { authorization: sent } })).statusCode).toBe(200);
    }
  });

  test("who asks is known by the name of the key, by its place without one, and never by the key", async () => {
    const create = async () => ({ rollout: aRollout(), created: true });
    const keys = { api_keys: ["key-number-1", "key-number-2"], api_key_names: ["trainer"] };
    await using http = httpApp({ service: { create }, config: { ...keys, allow_anonymous_loopback: true } });
    const ask = (headers: Record<string, string>) =>
      http.app.inject({ method: "POST", url: "/v1/rollouts", payload: { environment: "click" }, headers });
    await ask({ authorization: "Bearer key-number-1" });
    await ask({ authorization: "bearer key-number-2" });
    await ask({ host: "localhost" });
    expect(http.service.calls.map(({ args }) => args[1])).toEqual(["trainer", "key-2", "anonymous"]);
  });

  test("what does not exist is not told to strangers", async () => {
    await using http = httpApp();
    expect((await http.app.inject("/v1/secrets")).statusCode).toBe(401);
  });

  test("a refused request's body is not read", async () => {
    await using http = httpApp();
    const reply = await http.app.inject({
      method: "POST",
      url: "/v1/rollouts",
      payload: "x".repeat(20_000),
      headers: { "content-type": "application/json" },
    });
    expect(reply.statusCode).toBe(401);
  });

  test.each(open)("%s is open", async (url) => {
    await using http = httpApp();
    expect((await http.app.inject(url)).statusCode).toBe(200);
  });

  test("figures are not", async () => {
    await using http = httpApp();
    expect((await http.app.inject("/metrics")).statusCode).toBe(401);
  });
});

describe("anonymous loopback", () => {
  const config = { allow_anonymous_loopback: true };

  test("lets this machine in without a key", async () => {
    await using http = httpApp({ service: rollouts, config });
    for (const remoteAddress of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      expect((await http.app.inject({ url: "/v1/rollouts", remoteAddress })).statusCode).toBe(200);
    }
  });

  test.each([
    ["another machine", { remoteAddress: "10.1.2.3" }],
    ["a wrong key", { headers: { authorization: "Bearer wrong-key" } }],
    ["a page that reached us by a name of its own", { headers: { host: "rebound.example:7420" } }],
    ["a page of another origin", { headers: { origin: "https://page.example" } }],
  ])("does not let in %s", async (_what, request) => {
    await using http = httpApp({ service: rollouts, config });
    expect((await http.app.inject({ url: "/v1/rollouts", ...request })).statusCode).toBe(401);
  });

  test("is off unless it is asked for", async () => {
    await using http = httpApp({ service: rollouts, config: { api_keys: [] } });
    expect((await http.app.inject("/v1/rollouts")).statusCode).toBe(401);
  });
});
