import { z } from "zod";
import { silentLogger } from "../../src/core/log.ts";
import { buildApp, type AppOptions } from "../../src/http/app.ts";
import { createMetrics } from "../../src/http/metrics/metrics.ts";
import { RolloutKeys } from "../../src/http/rollout-keys.ts";
import type { RolloutService } from "../../src/rollout/rollout-service.ts";
import { defineTool } from "../../src/tool/tool.ts";
import { scriptedService } from "./scripted-service.ts";

export const apiKey = "a-key-for-tests";
export const authorization = `Bearer ${apiKey}`;

export const echoTool = defineTool({
  name: "echo",
  description: "Gives back its text.",
  effect: "read",
  arguments: z.strictObject({ text: z.string().describe("What comes back.") }),
  run: async (_context, { text }) => ({ output: text }),
});

type Change = Partial<Omit<AppOptions, "service" | "config">> & {
  service?: Partial<RolloutService>;
  config?: Partial<AppOptions["config"]>;
};

/** The API on a scripted service. Closes itself: `await using`. */
export function httpApp(change: Change = {}) {
  const service = scriptedService(change.service);
  const app = buildApp({
    tools: [echoTool],
    log: silentLogger,
    metrics: createMetrics({ tools: [echoTool.name], process: false }),
    rolloutKeys: new RolloutKeys("a-secret-for-tests"),
    ...change,
    service,
    config: {
      api_keys: [apiKey],
      api_key_names: ["tests"],
      allow_anonymous_loopback: false,
      max_body_bytes: 10_000,
      ...change.config,
    },
  });
  return {
    app,
    service,
    [Symbol.asyncDispose]: () => app.close(),
    /** With the key, and JSON when there is a body. */
    send: async (method: "GET" | "POST" | "DELETE" | "PUT", url: string, body?: unknown) => {
      const reply = await app.inject({
        method,
        url,
        headers: { authorization },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      return { status: reply.statusCode, headers: reply.headers, body: reply.json() };
    },
  };
}
