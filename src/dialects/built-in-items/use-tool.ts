import { createHash } from "node:crypto";
import { toBerthError } from "../../core/errors.ts";
import { callId, type ToolCallResult } from "../../model/tool-call.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import { refusal } from "../../tool/run-tool.ts";

/** Uses a tool of one rollout for an item. */
export type UseTool = (
  tool: string,
  callId: string,
  args: Record<string, unknown>,
) => Promise<Pick<ToolCallResult, "output" | "outcome" | "stdout" | "stderr" | "error">>;

/** What the policy did wrong comes back as its output. @throws BerthError whatever else went wrong */
export const useToolOf =
  (rolloutId: string, service: Pick<RolloutService, "callTool">): UseTool =>
  async (tool, call_id, args) => {
    try {
      return await service.callTool(rolloutId, tool, { call_id, arguments: args });
    } catch (thrown) {
      const error = toBerthError(thrown);
      if (error.causedBy !== "policy") throw error;
      return { ...refusal(error), error: error.report() };
    }
  };

/** The key of at-most-once execution of one of the commands of an item. */
export function itemKey(id: string, command: number): string {
  const text = command === 0 ? id : `${id}.${command}`;
  if (callId.safeParse(text).success) return text;
  return `call_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}
