import { createHash } from "node:crypto";
import { callId } from "../../model/tool-call.ts";
import type { FunctionCall } from "./wire.ts";

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);

/**
 * The key of at-most-once execution: the trainer's `call_id`, or its `id`. One that is no key of ours is hashed. Undefined when the trainer gave
 * neither, so that a repetition cannot be told from a new call.
 */
export function callKey({ call_id, id }: FunctionCall): string | undefined {
  const given = call_id || id;
  if (!given) return undefined;
  return callId.safeParse(given).success ? given : `call_${digest(given)}`;
}

/** Another key for a call whose `call_id` was used for something else: the same for the same call. */
export function distinctKey(key: string, tool: string, args: unknown): string {
  return `${key.slice(0, 200)}~${digest(JSON.stringify([tool, args]))}`;
}
