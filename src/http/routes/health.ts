import { z } from "zod";
import { withDeadline } from "../../core/deadline.ts";
import { toBerthError } from "../../core/errors.ts";
import { errorResponses, json } from "../responses.ts";
import type { ReadinessChecks, Route } from "../route.ts";
import { component } from "../wire-schemas.ts";

const checkMs = 5000;

const liveness = component("Health", "The process answers.", z.strictObject({ status: z.literal("ok") }));

const readiness = component(
  "Readiness",
  "Whether the controller takes work; for each part `ok` or why not.",
  z.strictObject({ status: z.enum(["ready", "not_ready"]), checks: z.record(z.string(), z.string()) }),
);

async function runChecks(checks: ReadinessChecks): Promise<Record<string, string>> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await withDeadline(`The check of ${name}`, checkMs, check);
        return [name, "ok"] as const;
      } catch (thrown) {
        return [name, toBerthError(thrown).code] as const;
      }
    }),
  );
  return Object.fromEntries(results);
}

export const health: Route = (api, context) => {
  api.route({
    method: "GET",
    url: "/healthz",
    config: { public: true },
    schema: {
      operationId: "getHealth",
      summary: "Whether the process answers",
      tags: ["controller"],
      security: [],
      response: { ...errorResponses(), 200: json("It does.", liveness) },
    },
    handler: async () => ({ status: "ok" as const }),
  });
  api.route({
    method: "GET",
    url: "/readyz",
    config: { public: true },
    schema: {
      operationId: "getReadiness",
      summary: "Whether the controller takes work",
      tags: ["controller"],
      security: [],
      response: { ...errorResponses(), 200: json("It does.", readiness), 503: json("It does not.", readiness) },
    },
    handler: async (_request, reply) => {
      const checks = await runChecks(context.readiness);
      const ready = Object.values(checks).every((result) => result === "ok");
      return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not_ready", checks });
    },
  });
};
