import { BerthError } from "../../core/errors.ts";
import { terminalOutput } from "../../model/terminal.ts";
import { json } from "../responses.ts";
import type { Route } from "../route.ts";
import { outputQuery, terminalFailures, terminalPath } from "../terminal-fields.ts";

export const readTerminal: Route = (api, { service, closing }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts/:rollout_id/terminals/:name/output",
    config: { atHolder: true },
    schema: {
      operationId: "readTerminal",
      summary: "Read what a terminal wrote",
      description:
        "From a byte offset on, so that whoever lost the connection goes on where it was. The last 512 KiB are kept. Bytes as the program wrote them, escape sequences too.",
      tags: ["terminals"],
      params: terminalPath,
      querystring: outputQuery,
      response: { ...terminalFailures, 200: json("A page of output.", terminalOutput) },
    },
    handler: async ({ params, query }, reply) => {
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const terminals = await service.terminals(params.rollout_id);
      const from = { offset: query.offset, waitMs: query.wait_seconds * 1000 };
      try {
        return await terminals.output(params.name, from, AbortSignal.any([gone.signal, closing]));
      } catch (thrown) {
        // Nobody reads the answer.
        if (gone.signal.aborted) return { offset: from.offset, data: "", total_bytes: from.offset, ended: false };
        throw closing.aborted ? new BerthError("shutting_down", "The controller is shutting down.") : thrown;
      }
    },
  });
};
