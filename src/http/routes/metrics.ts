import { z } from "zod";
import { errorResponses } from "../responses.ts";
import type { Route } from "../route.ts";

export const metrics: Route = (api, context) => {
  const { registry } = context.metrics;
  api.route({
    method: "GET",
    url: "/metrics",
    schema: {
      operationId: "getMetrics",
      summary: "Figures for Prometheus",
      tags: ["controller"],
      response: {
        ...errorResponses(),
        200: { description: "The text format of Prometheus.", content: { "text/plain": { schema: z.string() } } },
      },
    },
    // A string that is serialised as JSON would be quoted.
    serializerCompiler: () => (data) => String(data),
    handler: async (_request, reply) =>
      reply.header("content-type", registry.contentType).send(await registry.metrics()),
  });
};
