import { BerthError, toBerthError, type ErrorCode } from "../../core/errors.ts";
import { isStorable } from "../../model/rollout.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import { refusal } from "../../tool/run-tool.ts";
import type { ToolAnswer } from "./wire.ts";

const SUBMIT = "submit";

/** The policy can do nothing more; a call after the end is its mistake too. */
const endsTheTurn: ReadonlySet<ErrorCode> = new Set(["budget_exhausted", "sandbox_oom", "rollout_closed"]);

/** Agents show the model whatever comes back. @throws BerthError what is not the policy's doing */
export async function useTool(
  rolloutId: string,
  tool: string,
  args: Record<string, unknown>,
  service: Pick<RolloutService, "callTool">,
): Promise<ToolAnswer> {
  try {
    // The model may have made it up: no record could keep it.
    if (!isStorable(tool)) throw new BerthError("unknown_tool", "There is no tool of that name.");
    const { output, error } = await service.callTool(rolloutId, tool, { arguments: args });
    return { output, done: tool === SUBMIT && error === undefined };
  } catch (thrown) {
    const error = toBerthError(thrown);
    const isOver = endsTheTurn.has(error.code);
    if (error.causedBy !== "policy" && !isOver) throw error;
    return { output: refusal(error).output, done: isOver };
  }
}
