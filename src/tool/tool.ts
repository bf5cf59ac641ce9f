import type { z } from "zod";
import type { IndexLease } from "../code-index/indexes.ts";
import type { Vector } from "../code-index/meaning/embedder.ts";
import type { NearestChunks } from "../code-index/meaning/embeddings.ts";
import type { Clock } from "../core/clock.ts";
import type { Guest } from "../guest/guest.ts";
import type { Environment } from "../model/environment.ts";
import type { ToolEffect, ToolOutputInput } from "../model/tool-call.ts";

/** Vectors of texts, for searches by meaning; of the repository's chunks they are made at the first question, which may take minutes. */
export interface Semantics {
  readonly model: string;
  /** @throws BerthError `embeddings_failed` */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Vector[]>;
  /** Nothing without a repository. @throws BerthError `embeddings_failed`, and what an index throws */
  nearest(query: Vector, limit: number, signal: AbortSignal): Promise<NearestChunks>;
}

/** What a tool may use while it runs. */
export interface ToolContext {
  readonly guest: Guest;
  readonly callId: string;
  /** The workspace, an absolute path inside the sandbox. */
  readonly workdir: string;
  /** The environment of commands. */
  readonly env: Readonly<Record<string, string>>;
  /** What the environment declares for tests, lint and format. */
  readonly commands: Environment["commands"];
  /** The index of what the workspace held at the start; undefined without a repository. To be disposed of. May take minutes the first time. */
  readonly index: () => Promise<IndexLease | undefined>;
  /** Undefined where the controller has no endpoint for embeddings. */
  readonly semantics?: Semantics | undefined;
  readonly clock: Clock;
  /** Milliseconds that a command may take at most, whatever a tool allows. */
  readonly mostMs: number;
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
  /** What models are told of the arguments where that is not made of `arguments`. */
  readonly jsonSchema?: Readonly<Record<string, unknown>>;
  /** Throws BerthError; those of cause `policy` become an answer to the model, all others end the call as a failure. */
  run(context: ToolContext, args: z.output<Arguments>): Promise<ToolOutputInput>;
}

/** Keeps the argument types between schema and `run`. */
export const defineTool = <Arguments extends z.ZodType>(tool: Tool<Arguments>): Tool<Arguments> => tool;

/** A tool that a door brings: offered to nobody by its name, and used only where the environment offers the tools that it can do no more than. */
export interface DoorTool extends Tool {
  readonly needs: readonly string[];
}
