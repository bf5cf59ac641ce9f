import { z } from "zod";
import { toolEffect } from "../../model/tool-call.ts";
import { errorResponses, json } from "../responses.ts";
import type { Route } from "../route.ts";
import { describeTools, toolFormats } from "../tool-formats.ts";
import { component, described } from "../wire-schemas.ts";

const query = z.strictObject({
  format: described(z.enum(toolFormats).default("berth"), "`openai`: for chat completions. `mcp`: as an MCP server lists them. `berth`: with their effect."),
});

const jsonSchema = z.record(z.string(), z.unknown());

const answer = z.union([
  component(
    "Tools",
    "The tools with what they do to the sandbox.",
    z.strictObject({
      tools: z.array(z.strictObject({ name: z.string(), description: z.string(), effect: toolEffect, arguments: jsonSchema })),
    }),
  ),
  component(
    "OpenAiTools",
    "The tools as chat completions take them.",
    z.strictObject({
      tools: z.array(
        z.strictObject({
          type: z.literal("function"),
          function: z.strictObject({ name: z.string(), description: z.string(), parameters: jsonSchema }),
        }),
      ),
    }),
  ),
  component(
    "McpTools",
    "The tools as an MCP server lists them.",
    z.strictObject({
      tools: z.array(
        z.strictObject({
          name: z.string(),
          description: z.string(),
          inputSchema: jsonSchema,
          annotations: z.strictObject({ readOnlyHint: z.boolean() }),
        }),
      ),
    }),
  ),
]);

export const listTools: Route = (api, { tools }) => {
  api.route({
    method: "GET",
    url: "/v1/tools",
    schema: {
      operationId: "listTools",
      summary: "Describe the tools to a model",
      tags: ["tools"],
      querystring: query,
      response: { ...errorResponses(), 200: json("The tools.", answer) },
    },
    handler: async (request) => describeTools(tools, request.query.format),
  });
};
