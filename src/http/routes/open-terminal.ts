import { openTerminalRequest, terminal } from "../../model/terminal.ts";
import { errorResponses, json, sandboxFailures } from "../responses.ts";
import { rolloutPath } from "../request-fields.ts";
import type { Route } from "../route.ts";

export const openTerminal: Route = (api, { service }) => {
  api.route({
    method: "POST",
    url: "/v1/rollouts/:rollout_id/terminals",
    config: { atHolder: true },
    schema: {
      operationId: "openTerminal",
      summary: "Open a terminal",
      description:
        "A shell, or another program, at a terminal in the rollout's sandbox, which goes on when nobody is connected. The same `open_id` again gives the terminal that is there. What is done in it is not in the trajectory; the audit log says who opened it.",
      tags: ["terminals"],
      params: rolloutPath,
      body: openTerminalRequest,
      response: {
        ...errorResponses("unknown_rollout", "rollout_closed", "session_exists", "session_limit", ...sandboxFailures),
        200: json("The terminal.", terminal),
      },
    },
    handler: async ({ params, body, caller }) => (await service.terminals(params.rollout_id)).open(body, caller),
  });
};
