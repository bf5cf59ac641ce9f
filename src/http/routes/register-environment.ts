import { z } from "zod";
import { environment } from "../../model/environment.ts";
import { isStorable } from "../../model/rollout.ts";
import { errorResponses, json } from "../responses.ts";
import type { Route } from "../route.ts";
import { component, described } from "../wire-schemas.ts";

const body = component(
  "RegisterEnvironment",
  "An environment to keep under its name.",
  z.strictObject({
    environment,
    base_dir: described(
      z
        .string()
        .startsWith("/", { error: "must be an absolute path" })
        .max(4096)
        .refine(isStorable, { error: "must be Unicode text without NUL" })
        .optional(),
      "A folder on the controller's machine from which the relative paths of the environment start.",
    ),
  }),
);

export const registerEnvironment: Route = (api, { service }) => {
  api.route({
    method: "POST",
    url: "/v1/environments",
    schema: {
      operationId: "registerEnvironment",
      summary: "Register an environment",
      description:
        "Checks it, fills in defaults and keeps it. The same again changes nothing; another one under its name takes its place for the rollouts that are created from then on.",
      tags: ["environments"],
      body,
      response: {
        ...errorResponses("invalid_environment", "unknown_profile", "capability_missing"),
        201: json("The environment with its defaults.", environment),
      },
    },
    handler: async (request, reply) => {
      const { environment: given, base_dir = null } = request.body;
      return reply.code(201).send(await service.registerEnvironment(given, base_dir, request.caller));
    },
  });
};
