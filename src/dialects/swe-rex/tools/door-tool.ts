import type { z } from "zod";
import type { ToolOutputInput } from "../../../model/tool-call.ts";
import type { DoorTool, ToolContext } from "../../../tool/tool.ts";

/** What this door does, as the rollout's record has it: nothing of it that a command line could not do. */
export const doorTool = <Arguments extends z.ZodType>(
  name: string,
  args: Arguments,
  run: (context: ToolContext, args: z.output<Arguments>) => Promise<ToolOutputInput>,
): DoorTool => ({
  name,
  description: "A request of a SWE-ReX client.",
  effect: "write",
  arguments: args,
  needs: ["shell"],
  run: (context, parsed) => run(context, parsed as z.output<Arguments>),
});
