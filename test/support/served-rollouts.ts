import type { AddressInfo } from "node:net";
import { silentLogger } from "../../src/core/log.ts";
import { dialects } from "../../src/dialects/all.ts";
import { buildApp, type AppOptions } from "../../src/http/app.ts";
import { createMetrics } from "../../src/http/metrics/metrics.ts";
import { RolloutKeys } from "../../src/http/rollout-keys.ts";
import { builtinTools } from "../../src/tool/builtin-tools.ts";
import { apiKey } from "./http-app.ts";
import { memoryController, smallEnvironment, type MemoryControllerOptions } from "./memory-controller.ts";

/** A controller on the memory provider with all its doors, listening on this machine. Its disposal fails when anything is left. */
export async function servedRollouts(
  options: MemoryControllerOptions = {},
  change: Partial<AppOptions["config"]> = {},
) {
  const controller = await memoryController(options);
  const rolloutKeys = new RolloutKeys("a-secret-for-tests");
  const listen = async () => {
    const app = buildApp({
      service: controller.service,
      tools: builtinTools,
      dialects,
      log: silentLogger,
      metrics: createMetrics({ tools: [], process: false }),
      rolloutKeys,
      config: {
        api_keys: [apiKey],
        api_key_names: ["tests"],
        allow_anonymous_loopback: false,
        max_body_bytes: 1_000_000,
        ...change,
      },
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    return app;
  };
  let app = await listen();
  const url = () => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return {
    controller,
    get url() {
      return url();
    },

    /** A rollout that is ready, with its own key. */
    async rollout(environment: Parameters<typeof smallEnvironment>[0] = {}) {
      const { rollout_id: id } = await controller.rollout(environment);
      return { id, key: rolloutKeys.of(id), mcp: `${url()}/v1/rollouts/${id}/mcp` };
    },

    /** Asks with a key; the answer's body as JSON. */
    async send(method: string, path: string, body?: unknown, key: string = apiKey) {
      const reply = await fetch(url() + path, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(20_000),
      });
      return { status: reply.status, body: (await reply.json()) as ReturnType<typeof JSON.parse> };
    },

    /** The controller ends and another takes its rollouts over, at another address. */
    async restart() {
      await app.close();
      await controller.restart();
      app = await listen();
    },

    async [Symbol.asyncDispose]() {
      await app.close();
      await controller[Symbol.asyncDispose]();
    },
  };
}
