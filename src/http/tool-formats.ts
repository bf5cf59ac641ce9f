import { z } from "zod";
import type { ToolEffect } from "../model/tool-call.ts";
import type { Tool } from "../tool/tool.ts";

export const toolFormats = ["berth", "openai", "mcp"] as const;
export type ToolFormat = (typeof toolFormats)[number];

type JsonSchema = Record<string, unknown>;

type BerthTool = { name: string; description: string; effect: ToolEffect; arguments: JsonSchema };
type OpenAiTool = { type: "function"; function: { name: string; description: string; parameters: JsonSchema } };
type McpTool = { name: string; description: string; inputSchema: JsonSchema; annotations: { readOnlyHint: boolean } };

function argumentsSchema(tool: Tool): JsonSchema {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(tool.arguments, { io: "input", unrepresentable: "any" });
  return schema;
}

/** The tools in the form that a kind of caller hands to its model. */
export function describeTools(
  tools: readonly Tool[],
  format: ToolFormat,
): { tools: BerthTool[] } | { tools: OpenAiTool[] } | { tools: McpTool[] } {
  switch (format) {
    case "berth":
      return {
        tools: tools.map((tool) => ({
          name: tool.name,
          description: tool.description,
          effect: tool.effect,
          arguments: argumentsSchema(tool),
        })),
      };
    case "openai":
      return {
        tools: tools.map((tool) => {
          const described = { name: tool.name, description: tool.description, parameters: argumentsSchema(tool) };
          return { type: "function" as const, function: described };
        }),
      };
    case "mcp":
      return {
        tools: tools.map((tool) => ({
          name: tool.name,
          description: tool.description,
          inputSchema: argumentsSchema(tool),
          annotations: { readOnlyHint: tool.effect === "read" },
        })),
      };
  }
}
