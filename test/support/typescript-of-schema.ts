import type { Tool } from "../../src/tool/tool.ts";
import { argumentsSchema, type JsonSchema } from "../../src/tool/formats.ts";

const many = (schemas: unknown, indent: string): string =>
  (schemas as JsonSchema[]).map((one) => typescriptOf(one, indent)).join(" | ");

function fieldsOf(schema: JsonSchema, indent: string): string {
  const required = new Set((schema["required"] as string[] | undefined) ?? []);
  const fields = Object.entries((schema["properties"] as Record<string, JsonSchema> | undefined) ?? {});
  if (fields.length === 0)
    return schema["additionalProperties"] === false ? "Record<string, never>" : "Record<string, unknown>";
  const inner = `${indent}  `;
  const lines = fields.map(([name, field]) => {
    const { description } = field;
    const told =
      typeof description === "string"
        ? `${inner}/** ${description.replaceAll("*/", "*\\/").replaceAll(/\s+/g, " ")} */\n`
        : "";
    return `${told}${inner}readonly ${name}${required.has(name) ? "" : "?"}: ${typescriptOf(field, inner)};\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

/** The type of the values that a JSON schema of a tool's arguments lets through; what it does not know is `unknown`. */
export function typescriptOf(schema: JsonSchema, indent = ""): string {
  if (schema["enum"] !== undefined)
    return (schema["enum"] as unknown[]).map((value) => JSON.stringify(value)).join(" | ");
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  const members = schema["anyOf"] ?? schema["oneOf"];
  if (members !== undefined) return many(members, indent);
  switch (schema["type"]) {
    case "string":
    case "boolean":
    case "null":
      return schema["type"];
    case "integer":
    case "number":
      return "number";
    case "array":
      return `readonly (${typescriptOf((schema["items"] as JsonSchema | undefined) ?? {}, indent)})[]`;
    case "object":
      return fieldsOf(schema, indent);
    default:
      return "unknown";
  }
}

/** The module that says to TypeScript what each tool takes. */
export function builtinToolsModule(tools: readonly Tool[]): string {
  const members = tools.map((tool) => {
    const [first = ""] = tool.description.split("\n");
    return `  /** ${first} */\n  readonly ${tool.name}: ${typescriptOf(argumentsSchema(tool), "  ")};\n`;
  });
  return `/**
 * What each tool takes, written from the registry: \`UPDATE_DOCS=1 npx vitest run test/unit/client/builtin-tools.test.ts\`.
 * Fields with a default may be left out.
 */
// oxfmt-ignore
export interface BuiltinTools {
${members.join("")}}
`;
}
