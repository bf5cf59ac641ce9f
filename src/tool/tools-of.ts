import { BerthError } from "../core/errors.ts";
import type { Environment } from "../model/environment.ts";
import { commandTool } from "./custom/command-tool.ts";
import { serverTools } from "./custom/mcp/server-tools.ts";
import type { ToolRegistry } from "./registry.ts";
import type { Tool } from "./tool.ts";

const made = new WeakMap<object, readonly Tool[]>();

/**
 * What an environment offers: the tools of the registry that it names, all where it names none, and its own.
 * @throws BerthError `invalid_environment` naming what does not exist, is there twice or cannot be made
 */
export function toolsOf(
  environment: Pick<Environment, "tools" | "custom_tools" | "tool_servers">,
  registry: ToolRegistry,
): readonly Tool[] {
  const { tools, custom_tools: specs, tool_servers: servers } = environment;
  const own = made.get(specs) ?? [...specs.map(commandTool), ...serverTools(servers)];
  made.set(specs, own);
  const names = new Set<string>();
  for (const { name } of own) {
    if (registry.has(name) || names.has(name))
      throw new BerthError("invalid_environment", `custom_tools, tool_servers: there is a tool named ${name} already.`);
    names.add(name);
  }
  return [...registry.select(tools?.filter((name) => !names.has(name))), ...own];
}
