import { z } from "zod";
import { environmentName } from "../../model/environment.ts";
import { toolEffect } from "../../model/tool-call.ts";
import { argumentsSchema, toMcp, toOpenAI } from "../../tool/formats.ts";
import type { Tool } from "../../tool/tool.ts";
import { errorResponses, json } from "../responses.ts";
import type { Route } from "../route.ts";
import { component, described } from "../wire-schemas.ts";

const query = z.strictObject({
  environment: described(
    environmentName.optional(),
    "What this environment offers, its own tools included. Default: the tools that Berth comes with.",
  ),
  format: described(
    z.enum(["berth", "openai", "mcp"]).default("berth"),
    "`openai`: for chat completions. `mcp`: as an MCP server lists them. `berth`: with their effect.",
  ),
});

const jsonSchema = z.record(z.string(), z.unknown());

const toBerth = (tool: Tool) => ({
  name: tool.name,
  description: tool.description,
  effect: tool.effect,
  arguments: argumentsSchema(tool),
});

const answer = z.union([
  component(
    "Tools",
    "The tools with what they do to the sandbox.",
    z.strictObject({
      tools: z.array(
        z.strictObject({ name: z.string(), description: z.string(), effect: toolEffect, arguments: jsonSchema }),
      ),
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
          annotations: z.strictObject({
            readOnlyHint: z.boolean(),
            destructiveHint: z.boolean(),
            idempotentHint: z.boolean(),
            openWorldHint: z.boolean(),
          }),
        }),
      ),
    }),
  ),
]);

export const listTools: Route = (api, { service, tools }) => {
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
    handler: async (request) => {
      const { environment, format } = request.query;
      const offered = environment === undefined ? tools : await service.toolsOf(environment);
      switch (format) {
        case "berth":
          return { tools: offered.map(toBerth) };
        case "openai":
          return { tools: offered.map(toOpenAI) };
        case "mcp":
          return { tools: offered.map(toMcp) };
      }
    },
  });
};
