import type { z } from "zod";
import type { Guest } from "../guest/guest.ts";
import type { ToolEffect, ToolOutputInput } from "../model/tool-call.ts";

/** What a tool may use while it runs. */
export interface ToolContext {
  readonly guest: Guest;
  readonly callId: string;
  /** The workspace, an absolute path inside the sandbox. */
  readonly workdir: string;
  /** The environment of commands. */
  readonly env: Readonly<Record<string, string>>;
  /** Aborts at the call's deadline or when the rollout ends. */
  readonly signal: AbortSignal;
}

/** An ability that a policy may use. One file each. */
export interface Tool<Arguments extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** Read by models: what it does, its limits, what comes back. */
  readonly description: string;
  /** Reads of one sandbox may run in parallel; writes are ordered. */
  readonly effect: ToolEffect;
  readonly arguments: Arguments;
  /** Throws BerthError; those of cause `policy` become an answer to the model, all others end the call as a failure. */
  run(context: ToolContext, args: z.output<Arguments>): Promise<ToolOutputInput>;
}

/** Keeps the argument types between schema and `run`. */
export const defineTool = <Arguments extends z.ZodType>(tool: Tool<Arguments>): Tool<Arguments> => tool;
