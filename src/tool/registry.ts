import { BerthError } from "../core/errors.ts";
import type { Tool } from "./tool.ts";

/** Tools by name, in the order in which models see them. */
export interface ToolRegistry {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws BerthError `unknown_tool` listing the names */
  get(name: string): Tool;
  /**
   * The tools that an environment names, in its order; all of them when it names none.
   * @throws BerthError `invalid_environment` naming those that do not exist
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
  const names = [...byName.keys()];
  return {
    names,
    has: (name) => byName.has(name),
    get(name) {
      const tool = byName.get(name);
      if (tool) return tool;
      throw new BerthError("unknown_tool", `There is no tool ${name.slice(0, 80)}; there are: ${names.join(", ")}.`);
    },
    select(wanted) {
      if (!wanted) return [...byName.values()];
      const missing = wanted.filter((name) => !byName.has(name));
      if (missing.length > 0) {
        throw new BerthError(
          "invalid_environment",
          `tools: there is no ${missing.join(", ")}; there are: ${names.join(", ")}.`,
        );
      }
      return [...new Set(wanted)].flatMap((name) => byName.get(name) ?? []);
    },
  };
}
