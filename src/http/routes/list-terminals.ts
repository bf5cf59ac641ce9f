import { z } from "zod";
import { terminal } from "../../model/terminal.ts";
import { json } from "../responses.ts";
import { rolloutPath } from "../request-fields.ts";
import type { Route } from "../route.ts";
import { terminalFailures } from "../terminal-fields.ts";
import { component } from "../wire-schemas.ts";

const list = component(
  "Terminals",
  "Those that run and those that ended lately, at most 32, in the order in which they were opened.",
  z.strictObject({ terminals: z.array(terminal) }),
);

export const listTerminals: Route = (api, { service }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts/:rollout_id/terminals",
    config: { atHolder: true },
    schema: {
      operationId: "listTerminals",
      summary: "List a rollout's terminals",
      description: "Those that people opened and those of the policy.",
      tags: ["terminals"],
      params: rolloutPath,
      response: { ...terminalFailures, 200: json("The terminals.", list) },
    },
    handler: async ({ params }) => ({ terminals: [...(await (await service.terminals(params.rollout_id)).list())] }),
  });
};
