import { z } from "zod";
import type { Tool } from "./tool.ts";

/** A JSON schema, as callers send it on to models. */
export type JsonSchema = Record<string, unknown>;

/** A tool as chat-completions requests name it. */
export interface OpenAiTool {
  readonly type: "function";
  readonly function: { readonly name: string; readonly description: string; readonly parameters: JsonSchema };
}

/** A tool as MCP's `tools/list` names it. */
export interface McpTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly annotations: { readonly readOnlyHint: boolean };
}

/** What a caller may send: fields with a default are optional. */
export function argumentsSchema(tool: Tool): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(tool.arguments, { io: "input" });
  return schema;
}

export const toOpenAI = (tool: Tool): OpenAiTool => ({
  type: "function",
  function: { name: tool.name, description: tool.description, parameters: argumentsSchema(tool) },
});

export const toMcp = (tool: Tool): McpTool => ({
  name: tool.name,
  description: tool.description,
  inputSchema: argumentsSchema(tool),
  annotations: { readOnlyHint: tool.effect === "read" },
});
