import { withDeadline } from "../../core/deadline.ts";
import { BerthError, toBerthError } from "../../core/errors.ts";
import type { ToolCallResult } from "../../model/tool-call.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import { callKey, distinctKey } from "./call-key.ts";
import { ensureRollout, rolloutOfTrace, type ContactParts } from "./first-contact.ts";
import type { FunctionCall } from "./wire.ts";

/** The trainer gives up after ten minutes; a call that goes on is joined by its next try. */
export const ANSWER_MS = 540_000;

export interface DoorParts extends ContactParts {
  readonly service: RolloutService;
}

/** Runs a tool of the rollout that the trace is, which begins with its first call. @throws BerthError */
export async function callTool(tool: string, call: FunctionCall, parts: DoorParts): Promise<ToolCallResult> {
  const id = rolloutOfTrace(call.trace_id);
  const args = call.arguments ?? {};
  const result = async (signal: AbortSignal) => {
    const run = () => keyed(id, tool, args, callKey(call), parts.service);
    try {
      return await run();
    } catch (thrown) {
      if (toBerthError(thrown).code !== "unknown_rollout") throw thrown;
    }
    await ensureRollout(id, call.item, parts, signal);
    return await run();
  };
  return await withDeadline(`the tool ${tool}`, ANSWER_MS, result, { clock: parts.clock });
}

/** A policy may use one `call_id` for two calls; each is then a call of its own, and still runs once. */
async function keyed(
  id: string,
  tool: string,
  args: string | Record<string, unknown>,
  key: string | undefined,
  service: RolloutService,
): Promise<ToolCallResult> {
  if (key === undefined) return await service.callTool(id, tool, { arguments: args });
  try {
    return await service.callTool(id, tool, { call_id: key, arguments: args });
  } catch (thrown) {
    if (!(thrown instanceof BerthError) || thrown.code !== "call_conflict") throw thrown;
    return await service.callTool(id, tool, { call_id: distinctKey(key, tool, args), arguments: args });
  }
}
