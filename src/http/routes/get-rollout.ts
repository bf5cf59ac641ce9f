import { rollout } from "../../model/rollout.ts";
import { errorResponses, json } from "../responses.ts";
import { rolloutPath, waitQuery } from "../request-fields.ts";
import type { Route } from "../route.ts";

export const getRollout: Route = (api, { service }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts/:rollout_id",
    schema: {
      operationId: "getRollout",
      summary: "Show a rollout",
      description: "Also long after it has ended.",
      tags: ["rollouts"],
      params: rolloutPath,
      querystring: waitQuery,
      response: { ...errorResponses("unknown_rollout"), 200: json("The rollout.", rollout) },
    },
    handler: async (request) => {
      const { rollout_id } = request.params;
      const { wait_seconds } = request.query;
      return wait_seconds > 0
        ? await service.waitUntilSettled(rollout_id, wait_seconds * 1000)
        : await service.get(rollout_id);
    },
  });
};
