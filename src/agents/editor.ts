import type { ApplyPatchResult, Editor } from "@openai/agents";
import { RolloutTools, type RolloutAddress } from "./rollout.ts";

/**
 * For `applyPatchTool({ editor })`: changes files of the rollout's sandbox. A diff that does not fit changes nothing and fails with why.
 * @example `applyPatchTool({ editor: berthEditor({ url, rolloutId, key }) })`
 */
export function berthEditor(address: RolloutAddress): Editor {
  const rollout = new RolloutTools(address);
  const apply = async (operation: object): Promise<ApplyPatchResult> => {
    const { status, output } = await rollout.answer<Required<ApplyPatchResult>>({
      type: "apply_patch_call",
      operation,
    });
    return { status, output };
  };
  return {
    createFile: ({ type, path, diff }) => apply({ type, path, diff }),
    updateFile: ({ type, path, diff, moveTo }) => apply({ type, path, diff, move_to: moveTo }),
    deleteFile: ({ type, path }) => apply({ type, path }),
  };
}
