import { argumentsSchema } from "./formats.ts";
import type { ToolRegistry } from "./registry.ts";
import type { Tool } from "./tool.ts";

/** docs/tools.md: what models read of each tool, and its arguments as a table. */
export function toolsDocument(registry: ToolRegistry): string {
  const introduction = [
    "# Tools",
    "",
    "What a policy may call. An environment names the tools that it offers under `tools:`; without it, all of them. Reads of one",
    "sandbox may run in parallel; writes are ordered. Every answer is one text below 1 MB, as a rule below 256 KiB; `browser_screenshot` gives a picture beside it. A call that fails through the",
    "model's doing answers `Error: …` with what to do next, and carries the error's code. `GET /v1/tools?format=openai|mcp` gives the schemas.",
    "",
    "## Tools of an environment's own",
    "",
    "An environment file may bring more, so that a policy trains with the tools that it will have:",
    "",
    "```yaml",
    "commands: { test: pytest -q, lint: ruff check ., format: ruff format . } # of run_tests, run_lint and format",
    "custom_tools:",
    "  - name: find_docs",
    "    description: Finds pages of the handbook that hold a word.",
    "    parameters: # JSON schema of an object",
    "      type: object",
    "      properties: { word: { type: string }, folders: { type: array, items: { type: string } } }",
    "      required: [word]",
    "      additionalProperties: false",
    "    effect: read # default: write",
    "    command: grep -rl -- {{word}} docs {{folders}}",
    "    timeout_ms: 20000 # 1 to 600000; default 120000",
    "    max_output_bytes: 16384 # 1024 to 131072, of each stream; default 32768",
    "```",
    "",
    "The command runs in the sandbox as the tool user. `{{word}}` becomes one word of it whatever is in the argument: the shell never reads it as a part of the command, so it stands outside",
    "quotes. An array becomes a word for each item, an argument that is left out none, an object its JSON; with `stdin: json` the command finds all arguments on its standard input. A template that",
    "names what the schema does not is refused with the environment. `GET /v1/tools?environment=NAME` gives the schemas of all that an environment offers.",
    "",
    "### MCP servers",
    "",
    "Tools that an [MCP](https://modelcontextprotocol.io) server on standard input and output has are offered by running it in the sandbox ([ADR 25](adr/0025-tools-of-servers-in-the-sandbox.md)):",
    "",
    "```yaml",
    "tool_servers:",
    "  - name: handbook",
    "    command: node /opt/handbook-server.mjs # in the image, or installed by setup",
    "    prefix: handbook_ # put before the names; default: nothing",
    "    tools: # those that are offered, as tools/list names them",
    "      - name: find",
    "        description: Finds pages of the handbook.",
    "        inputSchema: { type: object, properties: { word: { type: string } }, required: [word] }",
    "        effect: read # default: write, whatever the server's annotations say",
    "    timeout_ms: 20000 # of one call, the server's start included; 1 to 600000; default 120000",
    "    max_output_bytes: 16384 # of an answer's text; 1024 to 131072; default 32768",
    "```",
    "",
    "`npx @modelcontextprotocol/inspector --cli COMMAND --method tools/list` prints what belongs under `tools:`. The server is started by the first call of one of its tools and stays for the rollout. When it starts, what it lists is held",
    "against the declaration: with another schema it is not used. Its calls go one after the other. One that ends, breaks the protocol or is late is killed with all that it started, the policy reads `tool_server_failed`, and the next",
    "call starts it anew. A message may have 4 MiB, and what it writes during a call 16 MiB in 5,000 lines. Pictures and other forms are in `data.outputs`, as those of `run_cell`.",
    "",
    "## All tools",
    "",
    "| tool | effect | for |",
    "| --- | --- | --- |",
    ...registry
      .select(undefined)
      .map((tool) => `| [${tool.name}](#${tool.name}) | ${tool.effect} | ${cell(firstSentence(tool))} |`),
    "",
    "This page is generated from `src/tool/`: `UPDATE_DOCS=1 npx vitest run test/unit/tool/document.test.ts`.",
  ];
  return [...introduction, ...registry.select(undefined).flatMap(section)].join("\n") + "\n";
}

const firstSentence = ({ description }: Tool): string =>
  /^[^\n]*?[.:](?=\s|$)/.exec(description)?.[0].replace(/:$/, ".") ?? "";

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
