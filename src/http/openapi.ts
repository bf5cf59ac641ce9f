import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import { onlyReferenced } from "./openapi-components.ts";
import { wireSchemas } from "./wire-schemas.ts";

const description = `Berth gives every rollout a sandbox of its own: it holds one repository at one commit, is reached
only through tool calls, is graded in a second, clean sandbox, and is gone afterwards.

A rollout is created with POST /v1/rollouts, used with POST /v1/rollouts/{rollout_id}/tools/{tool}, graded with POST
/v1/rollouts/{rollout_id}/grade and removed with DELETE /v1/rollouts/{rollout_id}. Every one of these may be sent again:
a rollout id, a call id and a verdict stand for one effect each.

Failures carry a code, who caused them, a sentence that says what to do, and whether sending the request again can help.
A failure of the tool that the model can act on is not a failure of the request: it comes with 200 and \`error\` in the body.`;

/** Makes `app.swagger()`: OpenAPI 3.1 from the schemas of the routes that are registered after it. */
export function describeApi(app: FastifyInstance): void {
  const transformObject = createJsonSchemaTransformObject({ schemaRegistry: wireSchemas });
  app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Berth", version: "1", description, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
      servers: [{ url: "/" }],
      tags: [
        { name: "rollouts", description: "The life of one rollout." },
        { name: "environments", description: "What rollouts start from." },
        { name: "tools", description: "What a policy can do." },
        { name: "terminals", description: "Terminals in a rollout's sandbox." },
        { name: "agent-rft", description: "The tools and the grader of a hosted trainer." },
        { name: "mcp", description: "A rollout's tools over the Model Context Protocol." },
        { name: "openenv", description: "Environments as OpenEnv serves them." },
        { name: "nemo-gym", description: "A resources server of NeMo Gym." },
        { name: "controller", description: "The controller itself." },
      ],
      security: [{ bearer: [] }],
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer", description: "A key that the controller was started with." },
        },
      },
    },
    transform: createJsonSchemaTransform({ schemaRegistry: wireSchemas }),
    transformObject: (document) => onlyReferenced(transformObject(document)),
  });
}
