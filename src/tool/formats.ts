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
  readonly annotations: McpAnnotations;
}

/** Hints to a client that asks its user before it calls. What a tool does stays in the sandbox, which is thrown away. */
export interface McpAnnotations {
  readonly readOnlyHint: boolean;
  /** It may remove or overwrite what is there. */
  readonly destructiveHint: boolean;
  /** A second call with the same arguments changes nothing more. Only what changes nothing at all is known to be so. */
  readonly idempotentHint: boolean;
  /** It deals with what is outside the sandbox. */
  readonly openWorldHint: boolean;
}

export function mcpAnnotations({ effect }: Pick<Tool, "effect">): McpAnnotations {
  const reads = effect === "read";
  return { readOnlyHint: reads, destructiveHint: !reads, idempotentHint: reads, openWorldHint: false };
}

/** What a caller may send: fields with a default are optional. */
export function argumentsSchema(tool: Tool): JsonSchema {
  if (tool.jsonSchema) return { ...tool.jsonSchema };
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
  annotations: mcpAnnotations(tool),
});
