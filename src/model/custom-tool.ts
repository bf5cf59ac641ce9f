import { z } from "zod";
import { toolEffect } from "./tool-call.ts";

const maxSchemaCharacters = 65_536;

export const toolName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, { error: "must be letters, digits, '_' or '-', at most 64 of them" });

/** JSON schema of an object: what a model may send. */
export const jsonSchemaOfObject = z
  .record(z.string(), z.unknown())
  .refine((schema) => schema["type"] === "object", { error: "must be a JSON schema of type object" })
  .refine((schema) => JSON.stringify(schema).length <= maxSchemaCharacters, {
    error: `must have at most ${maxSchemaCharacters} characters as JSON`,
  });

/** A tool of an environment's own, so that a policy trains with the tools that it will have. */
export const customTool = z.strictObject({
  name: toolName,
  /** Read by models. */
  description: z.string().min(1).max(16_384),
  parameters: jsonSchemaOfObject.default({ type: "object", properties: {}, additionalProperties: false }),
  /** `read` promises that calls may run beside each other and change nothing. */
  effect: toolEffect.default("write"),
  /**
   * A shell command line, run in the sandbox as the tool user. `{{name}}` stands for the argument of that name, as one word whatever
   * is in it; an array gives a word for each item, an argument that is left out none, an object its JSON. It must stand outside quotes.
   */
  command: z.string().min(1).max(65_536),
  /** `json`: the command finds all arguments on its standard input. */
  stdin: z.enum(["none", "json"]).default("none"),
  timeout_ms: z.number().int().min(1).max(600_000).default(120_000),
  /** Of each of stdout and stderr that the model reads. */
  max_output_bytes: z.number().int().min(1024).max(131_072).default(32_768),
});
export type CustomTool = z.infer<typeof customTool>;
