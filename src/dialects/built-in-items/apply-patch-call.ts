import { itemKey, type UseTool } from "./use-tool.ts";
import type { ApplyPatchCall, BuiltInOutput } from "./wire.ts";

/** Changes one file; a patch that does not fit changes nothing and says why. */
export async function answerApplyPatchCall(
  { call_id, operation }: ApplyPatchCall,
  useTool: UseTool,
): Promise<BuiltInOutput> {
  const told = (status: "completed" | "failed", output: string) =>
    ({ type: "apply_patch_call_output", call_id, status, output }) as const;
  const paths = [operation.path, operation.type === "update_file" ? (operation.move_to ?? "") : ""];
  // Lines are what a patch is made of.
  if (paths.some((path) => /[\r\n]/.test(path))) return told("failed", "Error: a path holds a line break.");
  const { output, error } = await useTool("apply_patch", itemKey(call_id, 0), { patch: patchOf(operation) });
  return told(error ? "failed" : "completed", output);
}

function patchOf(operation: ApplyPatchCall["operation"]): string {
  return ["*** Begin Patch", ...sectionOf(operation), "*** End Patch", ""].join("\n");
}

function sectionOf(operation: ApplyPatchCall["operation"]): string[] {
  switch (operation.type) {
    case "create_file":
      return [`*** Add File: ${operation.path}`, ...linesOf(operation.diff)];
    case "update_file":
      return [
        `*** Update File: ${operation.path}`,
        ...(operation.move_to ? [`*** Move to: ${operation.move_to}`] : []),
        ...linesOf(operation.diff),
      ];
    case "delete_file":
      return [`*** Delete File: ${operation.path}`];
  }
}

const linesOf = (diff: string): string[] => (diff === "" ? [] : diff.replace(/\n$/, "").split("\n"));
