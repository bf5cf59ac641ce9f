import { argumentsSchema } from "./formats.ts";
import type { ToolRegistry } from "./registry.ts";
import type { Tool } from "./tool.ts";

/** docs/tools.md: what models read of each tool, and its arguments as a table. */
export function toolsDocument(registry: ToolRegistry): string {
  const introduction = [
    "# Tools",
    "",
    "What a policy may call. An environment names the tools that it offers under `tools:`; without it, all of them. Reads of one",
    "sandbox may run in parallel; writes are ordered. Every answer is one text below 1 MB, as a rule below 256 KiB. A call that fails through the",
    "model's doing answers `Error: …` with what to do next, and carries the error's code. `GET /v1/tools?format=openai|mcp` gives the schemas.",
    "",
    "This page is generated from `src/tool/`: `UPDATE_DOCS=1 npx vitest run test/unit/tool/document.test.ts`.",
  ];
  return [...introduction, ...registry.select(undefined).flatMap(section)].join("\n") + "\n";
}

interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: Property;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
}

function section(tool: Tool): string[] {
  const schema = argumentsSchema(tool) as { properties?: Record<string, Property>; required?: readonly string[] };
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const presence = schema.required?.includes(name)
      ? "required"
      : property.default === undefined
        ? ""
        : `\`${JSON.stringify(property.default)}\``;
    return `| \`${name}\` | ${typeName(property)} | ${presence} | ${cell(property.description ?? "")} |`;
  });
  return [
    "",
    `## ${tool.name}`,
    "",
    `Effect: ${tool.effect}.`,
    "",
    "```text",
    tool.description,
    "```",
    "",
    "| argument | type | default | meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
  ];
}

function typeName(property: Property): string {
  if (property.enum) return property.enum.map((value) => `\`${value}\``).join(" or ");
  if (property.type === "array") return `array of ${property.items?.type ?? "values"}`;
  const { minimum, maximum } = property;
  if (property.type !== "integer") return property.type ?? "";
  return maximum === Number.MAX_SAFE_INTEGER ? `integer from ${minimum}` : `integer, ${minimum} to ${maximum}`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
