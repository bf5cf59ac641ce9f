import { BerthError } from "../core/errors.ts";
import type { Tool } from "./tool.ts";

export { parseArguments } from "./parse-arguments.ts";
export { runTool } from "./run-tool.ts";

/** Tools by name, in the order in which models see them. */
export interface ToolRegistry {
  readonly names: readonly string[];
  get(name: string): Tool | undefined;
  /**
   * The tools that an environment names, in its order; all of them when it names none. Names that do not exist are left
   * out: whoever accepts an environment checks them with `get`.
   */
  select(names: readonly string[] | undefined): readonly Tool[];
}

/** @throws BerthError `internal` when two tools have the same name */
export function createToolRegistry(tools: readonly Tool[]): ToolRegistry {
  const byName = new Map<string, Tool>();
  for (const tool of tools) {
    if (byName.has(tool.name)) throw new BerthError("internal", `Two tools are named ${tool.name}.`);
    byName.set(tool.name, tool);
  }
  return {
    names: [...byName.keys()],
    get: (name) => byName.get(name),
    select: (names) => (names ? [...new Set(names)].flatMap((name) => byName.get(name) ?? []) : [...byName.values()]),
  };
}
