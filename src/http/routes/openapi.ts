import { z } from "zod";
import { errorResponses, json } from "../responses.ts";
import type { Route } from "../route.ts";

export const openapi: Route = (api) => {
  api.route({
    method: "GET",
    url: "/openapi.json",
    config: { public: true },
    schema: {
      operationId: "getOpenApi",
      summary: "This description",
      tags: ["controller"],
      security: [],
      response: { ...errorResponses(), 200: json("OpenAPI 3.1.", z.record(z.string(), z.unknown())) },
    },
    handler: async () => ({ ...api.swagger() }),
  });
};
