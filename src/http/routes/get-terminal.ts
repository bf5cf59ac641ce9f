import { terminal } from "../../model/terminal.ts";
import { json } from "../responses.ts";
import type { Route } from "../route.ts";
import { terminalFailures, terminalPath } from "../terminal-fields.ts";

export const getTerminal: Route = (api, { service }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts/:rollout_id/terminals/:name",
    config: { atHolder: true },
    schema: {
      operationId: "getTerminal",
      summary: "Look at a terminal",
      description:
        "Which program has it, where that is, and how the first one ended; known beside the screen, not read from it.",
      tags: ["terminals"],
      params: terminalPath,
      response: { ...terminalFailures, 200: json("The terminal.", terminal) },
    },
    handler: async ({ params }) => (await service.terminals(params.rollout_id)).state(params.name),
  });
};
