import { BerthError } from "../../../core/errors.ts";
import { toolName } from "../../../model/custom-tool.ts";
import type { ServerTool, ToolServer } from "../../../model/tool-server.ts";
import type { Tool } from "../../tool.ts";
import { declaredSchema } from "../declared-schema.ts";
import { answerOf } from "./answer.ts";
import { callServer } from "./call-server.ts";

/** The tools of an environment's MCP servers, as it declares them: no server is asked. @throws BerthError `invalid_environment` */
export function serverTools(servers: readonly ToolServer[]): Tool[] {
  const names = new Set<string>();
  for (const { name } of servers) {
    if (names.has(name)) throw problemOf(name)("there is another server of that name");
    names.add(name);
  }
  return servers.flatMap((server) => server.tools.map((tool) => toolOf(server, tool)));
}

function toolOf(server: ToolServer, declared: ServerTool): Tool {
  const problem = problemOf(server.name);
  const name = `${server.prefix}${declared.name}`;
  if (!toolName.safeParse(name).success) throw problem(`${name} is no name for a tool`);
  return {
    name,
    description: declared.description,
    effect: declared.effect,
    arguments: declaredSchema(declared.inputSchema, (what) => problem(`${declared.name}: inputSchema: ${what}`)),
    jsonSchema: declared.inputSchema,
    run: (context, args) =>
      callServer(context, server, { name: declared.name, arguments: args as Record<string, unknown> }, (result) =>
        answerOf(result, server),
      ),
  };
}

const problemOf =
  (server: string) =>
  (what: string): BerthError =>
    new BerthError("invalid_environment", `tool_servers: ${server}: ${what}.`);
