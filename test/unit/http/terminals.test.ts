import { afterEach, expect, test } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import type { RolloutTerminals } from "../../../src/rollout/rollout-service.ts";
import { apiKey, httpApp } from "../../support/http-app.ts";
import { rolloutId } from "../../support/scripted-service.ts";

const apps: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

const report = {
  name: "t",
  state: "running" as const,
  outcome: null,
  foreground: "bash",
  cwd: "/workspace",
  rows: 24,
  columns: 80,
  first_byte: 0,
  total_bytes: 2,
};

function appWith(terminals: Partial<RolloutTerminals>) {
  const { app } = httpApp({ service: { terminals: async () => terminals as RolloutTerminals } });
  apps.push(app);
  const at = `/v1/rollouts/${rolloutId}/terminals`;
  const ask = (method: "GET" | "POST" | "DELETE", rest: string, payload?: object) =>
    app.inject({
      method,
      url: `${at}${rest}`,
      headers: { authorization: `Bearer ${apiKey}` },
      ...(payload === undefined ? {} : { payload }),
    });
  return { app, at, ask };
}

test("a terminal is opened in the name of the key, with the usual size", async () => {
  const opened: unknown[] = [];
  const { ask } = appWith({ open: async (...given) => (opened.push(given), report) });
  expect((await ask("POST", "", { name: "t", open_id: "o" })).json()).toEqual(report);
  expect(opened).toEqual([[{ name: "t", open_id: "o", rows: 24, columns: 80 }, expect.any(String)]]);
});

test.each([
  ["a name that is a path", { name: "../t", open_id: "o" }],
  ["no id by which opening again is known", { name: "t" }],
  ["a size that no terminal has", { name: "t", open_id: "o", rows: 0 }],
])("%s is refused", async (_, payload) => {
  expect((await appWith({}).ask("POST", "", payload)).statusCode).toBe(400);
});

test("what is typed is base64", async () => {
  const { ask } = appWith({ input: async () => 3 });
  const typed = { writer: "w", offset: 0, data: Buffer.from("ls\n").toString("base64") };
  expect((await ask("POST", "/t/input", typed)).json()).toEqual({ accepted: 3 });
  expect((await ask("POST", "/t/input", { ...typed, data: "not base64!" })).statusCode).toBe(400);
});

test("a terminal that is not there is 404", async () => {
  const { ask } = appWith({ state: () => Promise.reject(new BerthError("unknown_session", "None is named t.")) });
  expect((await ask("GET", "/t")).json()).toMatchObject({ error: { code: "unknown_session" } });
});

test("who waits for output is told when the controller ends", async () => {
  const waits = Promise.withResolvers<void>();
  const { app, at } = appWith({
    output: (_name, _from, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        waits.resolve();
      }),
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const asked = fetch(`${url}${at}/t/output?wait_seconds=30`, { headers: { authorization: `Bearer ${apiKey}` } });
  await waits.promise;
  await app.close();
  expect(await (await asked).json()).toMatchObject({ error: { code: "shutting_down", retryable: true } });
});
