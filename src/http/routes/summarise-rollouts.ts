import { z } from "zod";
import { environmentName } from "../../model/environment.ts";
import { rolloutSummary } from "../../model/summary.ts";
import { errorResponses, json } from "../responses.ts";
import type { Route } from "../route.ts";
import { described } from "../wire-schemas.ts";

const query = z.strictObject({
  group: described(z.string().min(1).max(128).optional(), "Only rollouts of this group."),
  environment: described(environmentName.optional(), "Only rollouts of the environment with this name."),
  since: described(z.iso.datetime().optional(), "Only rollouts that were created then or later, a time in UTC."),
});

export const summariseRollouts: Route = (api, { service }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts/summary",
    schema: {
      operationId: "summariseRollouts",
      summary: "Count rollouts by what came of them",
      description:
        "How many are scored, and with what mean reward; and of those that failed, expired or are unscored how many the policy, the task, Berth or a grader caused.",
      tags: ["rollouts"],
      querystring: query,
      response: { ...errorResponses(), 200: json("The sums.", rolloutSummary) },
    },
    handler: ({ query: { group, environment, since } }) =>
      service.summary({
        ...(group === undefined ? {} : { group }),
        ...(environment === undefined ? {} : { environment }),
        ...(since === undefined ? {} : { since }),
      }),
  });
};
