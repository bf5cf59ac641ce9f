import { gradeRequest, verdict } from "../../model/verdict.ts";
import { errorResponses, sandboxFailures, json } from "../responses.ts";
import { rolloutPath } from "../request-fields.ts";
import type { Route } from "../route.ts";

export const gradeRollout: Route = (api, { service }) => {
  api.route({
    method: "POST",
    url: "/v1/rollouts/:rollout_id/grade",
    config: { atHolder: true },
    schema: {
      operationId: "gradeRollout",
      summary: "Grade a rollout",
      description:
        "Ends the policy's turn, grades in a clean sandbox, and answers when the verdict is durable. Asking again gives the same verdict; with `again` the stored change set is graded once more, and the first verdict stands.",
      tags: ["rollouts"],
      params: rolloutPath,
      body: gradeRequest,
      response: {
        ...errorResponses(
          "unknown_rollout",
          "rollout_closed",
          "grader_failed",
          "grader_timeout",
          "change_set_too_large",
          "queue_deadline",
          "outcome_unknown",
          ...sandboxFailures,
        ),
        200: json("The verdict.", verdict),
      },
    },
    handler: ({ params, body, caller }) =>
      body.again === true ? service.regrade(params.rollout_id, body) : service.grade(params.rollout_id, body, caller),
  });
};
