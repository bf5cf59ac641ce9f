import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { unfinishedStatuses } from "../../model/rollout.ts";
import { errorResponses, json } from "../responses.ts";
import { rolloutPath } from "../request-fields.ts";
import type { Route } from "../route.ts";

const answer = z.strictObject({ key: z.string() });

export const rolloutKey: Route = (api, { service, rolloutKeys }) => {
  api.route({
    method: "POST",
    url: "/v1/rollouts/:rollout_id/key",
    schema: {
      operationId: "rolloutKey",
      summary: "Get a key for one rollout's tools",
      description:
        "A bearer key for whoever plays this rollout: it opens the rollout's tools, as routes of their own and over MCP, and nothing else. It ends with the rollout. The same each time.",
      tags: ["rollouts"],
      params: rolloutPath,
      body: z.strictObject({}),
      response: { ...errorResponses("unknown_rollout", "rollout_closed"), 200: json("The key.", answer) },
    },
    handler: async ({ params: { rollout_id: id } }) => {
      const { status } = await service.get(id);
      if (!unfinishedStatuses.includes(status))
        throw new BerthError("rollout_closed", `The rollout ${id} is ${status}, so that no key opens it.`);
      return { key: rolloutKeys.of(id) };
    },
  });
};
