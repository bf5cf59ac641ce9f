import { BerthError } from "../../core/errors.ts";
import { normaliseRolloutId } from "../../core/ids.ts";
import { createRolloutRequest, rollout, type CreateRolloutRequest } from "../../model/rollout.ts";
import { errorResponses, json } from "../responses.ts";
import { waitQuery } from "../request-fields.ts";
import type { Route } from "../route.ts";

function withNormalisedId(request: CreateRolloutRequest): CreateRolloutRequest {
  if (request.rollout_id === undefined) return request;
  const id = normaliseRolloutId(request.rollout_id);
  if (id === undefined)
    throw new BerthError("invalid_request", "The body was refused: rollout_id: must be a UUID, bare or prefixed.");
  return { ...request, rollout_id: id };
}

export const createRollout: Route = (api, { service }) => {
  api.route({
    method: "POST",
    url: "/v1/rollouts",
    schema: {
      operationId: "createRollout",
      summary: "Create a rollout",
      description:
        "Starts to prepare a sandbox and answers at once, or waits for it. 201 when the rollout is new, 200 when it was there.",
      tags: ["rollouts"],
      querystring: waitQuery,
      body: createRolloutRequest,
      response: {
        ...errorResponses(
          "invalid_environment",
          "unknown_environment",
          "unknown_profile",
          "rollout_conflict",
          "queue_deadline",
        ),
        200: json("The rollout that was there.", rollout),
        201: json("The new rollout.", rollout),
      },
    },
    handler: async (request, reply) => {
      const { rollout: made, created } = await service.create(withNormalisedId(request.body), request.caller);
      const { wait_seconds } = request.query;
      const answer = wait_seconds > 0 ? await service.waitUntilSettled(made.rollout_id, wait_seconds * 1000) : made;
      return reply.code(created ? 201 : 200).send(answer);
    },
  });
};
