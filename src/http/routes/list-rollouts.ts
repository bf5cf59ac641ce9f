import { z } from "zod";
import { group, rollout, rolloutStatus } from "../../model/rollout.ts";
import { cursorOf, cursorText } from "../rollout-cursor.ts";
import { errorResponses, json } from "../responses.ts";
import type { Route } from "../route.ts";
import { component, described } from "../wire-schemas.ts";

const statuses = z.preprocess(
  (value) => (typeof value === "string" ? value.split(",") : value),
  z.array(rolloutStatus).min(1).max(rolloutStatus.options.length).optional(),
);

const query = z.strictObject({
  limit: described(z.coerce.number().int().min(1).max(500).default(50), "How many rollouts to give at most."),
  before: described(
    cursorText.optional(),
    "Only rollouts behind this place: `next_before` of the page before, or a time in UTC.",
  ),
  status: described(statuses, "Only rollouts in one of these statuses; repeated, or separated by commas."),
  group: described(group.optional(), "Only rollouts of this group."),
});

const page = component(
  "RolloutPage",
  "Rollouts, newest first. `next_before` is null on the last page.",
  z.strictObject({ rollouts: z.array(rollout), next_before: z.string().nullable() }),
);

export const listRollouts: Route = (api, { service }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts",
    schema: {
      operationId: "listRollouts",
      summary: "List rollouts, newest first",
      tags: ["rollouts"],
      querystring: query,
      response: { ...errorResponses(), 200: json("A page of rollouts.", page) },
    },
    handler: async (request) => {
      const { limit, before, status, group } = request.query;
      // One more than asked for, so that a last page that is full is known for the last.
      const found = await service.list({
        limit: limit + 1,
        ...(before === undefined ? {} : { before }),
        ...(status === undefined ? {} : { status }),
        ...(group === undefined ? {} : { group }),
      });
      const rollouts = found.slice(0, limit);
      const last = found.length > limit ? rollouts.at(-1) : undefined;
      return { rollouts, next_before: last ? cursorOf(last) : null };
    },
  });
};
