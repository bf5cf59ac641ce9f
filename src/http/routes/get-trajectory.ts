import { trajectory } from "../../model/trajectory.ts";
import { errorResponses, json } from "../responses.ts";
import { rolloutPath } from "../request-fields.ts";
import type { Route } from "../route.ts";

export const getTrajectory: Route = (api, { service }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts/:rollout_id/trajectory",
    schema: {
      operationId: "getTrajectory",
      summary: "Show all tool calls of a rollout, and what its sandbox tried to reach",
      tags: ["rollouts"],
      params: rolloutPath,
      response: { ...errorResponses("unknown_rollout"), 200: json("The record so far.", trajectory) },
    },
    handler: (request) => service.trajectory(request.params.rollout_id),
  });
};
