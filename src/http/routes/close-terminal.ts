import { terminal } from "../../model/terminal.ts";
import { json } from "../responses.ts";
import type { Route } from "../route.ts";
import { terminalFailures, terminalPath } from "../terminal-fields.ts";

export const closeTerminal: Route = (api, { service }) => {
  api.route({
    method: "DELETE",
    url: "/v1/rollouts/:rollout_id/terminals/:name",
    config: { atHolder: true },
    schema: {
      operationId: "closeTerminal",
      summary: "Close a terminal",
      description: "200 only when nothing that was started in it runs any more. May be sent again.",
      tags: ["terminals"],
      params: terminalPath,
      response: { ...terminalFailures, 200: json("How it ended.", terminal) },
    },
    handler: async ({ params }) => (await service.terminals(params.rollout_id)).close(params.name),
  });
};
