import { Readable } from "node:stream";
import { z } from "zod";
import { group } from "../../model/rollout.ts";
import { exportFormats, exportLines } from "../../rollout/export/lines.ts";
import { errorResponses } from "../responses.ts";
import type { Route } from "../route.ts";
import { described } from "../wire-schemas.ts";

const query = z.strictObject({
  group: described(group.optional(), "Only rollouts of this group."),
  format: described(z.enum(exportFormats).default("jsonl"), "One JSON value a line, or a table."),
});

const types = { jsonl: "application/jsonl; charset=utf-8", csv: "text/csv; charset=utf-8" } as const;

export const exportRollouts: Route = (api, { service, closing }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts/export",
    exposeHeadRoute: false,
    schema: {
      operationId: "exportRollouts",
      summary: "Export scored rollouts",
      description:
        "Newest first. JSONL: `item_index`, `score` and `trajectory`, the JSON text of Responses items. CSV: `item_index,reward,latency_s,output_tokens,tool_calls`. A rollout without a score is left out. A stream that ends early was cut.",
      tags: ["rollouts"],
      querystring: query,
      response: {
        ...errorResponses(),
        200: {
          description: "A line for each scored rollout.",
          content: { "application/jsonl": { schema: z.string() }, "text/csv": { schema: z.string() } },
        },
      },
    },
    handler: async (request, reply) => {
      const { format, group: only } = request.query;
      const rollouts = service.exported(only === undefined ? {} : { group: only });
      // Bytes, not objects: the stream holds back the store when the client reads slowly.
      const stream = Readable.from(exportLines(rollouts, format), { objectMode: false, signal: closing });
      return reply
        .header("content-type", types[format])
        .header("cache-control", "no-store")
        .send(stream as never);
    },
  });
};
