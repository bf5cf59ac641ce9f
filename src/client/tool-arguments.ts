import type { BuiltinTools } from "./builtin-tools.ts";

export type { BuiltinTools };

/** A tool that Berth comes with, or one of the environment's own. */
export type ToolName = keyof BuiltinTools | (string & {});

/** What a tool takes; of tools that this client does not know, any object. */
export type ArgumentsOf<Name extends string> = Name extends keyof BuiltinTools
  ? BuiltinTools[Name]
  : Readonly<Record<string, unknown>>;
