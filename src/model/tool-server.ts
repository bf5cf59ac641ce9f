import { z } from "zod";
import { jsonSchemaOfObject, toolName } from "./custom-tool.ts";
import { toolEffect } from "./tool-call.ts";

const mostTools = 100;
const mostDescription = 16_384;

/** A tool as an MCP server's `tools/list` names it; what else is said there of it is not used. `effect` is the environment's own word. */
const serverTool = z.object({
  name: toolName,
  /** Read by models. */
  description: z.string().min(1).max(mostDescription),
  inputSchema: jsonSchemaOfObject,
  /** `read` promises that calls change nothing. The server's annotations do not count: it says of itself what it likes. */
  effect: toolEffect.default("write"),
});
export type ServerTool = z.infer<typeof serverTool>;

/** An MCP server on standard input and output that runs in the sandbox, started by the first call of one of its tools. */
export const toolServer = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, {
    error: "must be lower-case letters, digits, '_' or '-', at most 32 of them",
  }),
  /** A shell command line, run in the workspace as the tool user. What it writes to standard error is lost. */
  command: z.string().min(1).max(65_536),
  /** Put before the names of its tools. */
  prefix: z
    .string()
    .regex(/^(?:[A-Za-z_][A-Za-z0-9_-]{0,31})?$/, { error: "must be letters, digits, '_' or '-', at most 32 of them" })
    .default(""),
  /** Those that are offered, as its `tools/list` names them. A server that gives one of them another schema, or not at all, is not used. */
  tools: z.array(serverTool).min(1).max(mostTools),
  /** For one call, the start of the server included; then it is killed with all that it started. */
  timeout_ms: z.number().int().min(1).max(600_000).default(120_000),
  /** Of the text that the model reads. */
  max_output_bytes: z.number().int().min(1024).max(131_072).default(32_768),
});
export type ToolServer = z.infer<typeof toolServer>;
