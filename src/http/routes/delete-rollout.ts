import { rollout } from "../../model/rollout.ts";
import { errorResponses, json } from "../responses.ts";
import { rolloutPath } from "../request-fields.ts";
import type { Route } from "../route.ts";

export const deleteRollout: Route = (api, { service }) => {
  api.route({
    method: "DELETE",
    url: "/v1/rollouts/:rollout_id",
    config: { atHolder: true },
    schema: {
      operationId: "deleteRollout",
      summary: "End a rollout",
      description: "200 only when nothing of it but its record is left. May be sent again.",
      tags: ["rollouts"],
      params: rolloutPath,
      response: {
        ...errorResponses("unknown_rollout", "teardown_failed", "provider_unavailable"),
        200: json("Gone, but for its record.", rollout),
      },
    },
    handler: (request) => service.close(request.params.rollout_id, request.caller),
  });
};
