import { z } from "zod";
import { environment } from "../../model/environment.ts";
import { errorResponses, json } from "../responses.ts";
import type { Route } from "../route.ts";
import { component } from "../wire-schemas.ts";

const environments = component(
  "Environments",
  "All registered environments.",
  z.strictObject({ environments: z.array(environment) }),
);

export const listEnvironments: Route = (api, { service }) => {
  api.route({
    method: "GET",
    url: "/v1/environments",
    schema: {
      operationId: "listEnvironments",
      summary: "List the registered environments",
      tags: ["environments"],
      response: { ...errorResponses(), 200: json("The environments.", environments) },
    },
    handler: async () => ({ environments: await service.environments() }),
  });
};
