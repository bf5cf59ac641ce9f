import { z } from "zod";
import { regrading } from "../../model/regrading.ts";
import { rolloutPath } from "../request-fields.ts";
import { errorResponses, json } from "../responses.ts";
import type { Route } from "../route.ts";
import { component } from "../wire-schemas.ts";

const list = component(
  "Regradings",
  "Every later verdict on a rollout, in the order in which they were made.",
  z.strictObject({ regradings: z.array(regrading) }),
);

export const listRegradings: Route = (api, { service }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts/:rollout_id/regradings",
    schema: {
      operationId: "listRegradings",
      summary: "List the later verdicts on a rollout",
      description: "What `grade` with `again` gave, by which graders and for which answer.",
      tags: ["rollouts"],
      params: rolloutPath,
      response: { ...errorResponses("unknown_rollout"), 200: json("The later verdicts.", list) },
    },
    handler: async (request) => ({ regradings: await service.regradings(request.params.rollout_id) }),
  });
};
