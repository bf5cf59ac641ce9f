import { z } from "zod";
import { pathField } from "../fields.ts";
import { withRemedy } from "../remedy.ts";
import { defineTool } from "../tool.ts";

export const move = defineTool({
  name: "move",
  description: `Moves or renames a file or a directory. Directories above the new path are made.
What is already at the new path is never replaced: delete it first. Links are moved, not followed. Comes back: what moved where.`,
  effect: "write",
  arguments: z.strictObject({
    from: pathField("What to move, relative to the workspace."),
    to: pathField("Its new path, the name included, relative to the workspace."),
  }),
  async run({ guest, signal }, { from, to }) {
    await withRemedy(
      "file_exists",
      "Choose another path, or delete what is there first. To move into a directory, give the name in it too.",
      guest.move(from, to, { signal }),
    );
    return { output: `moved ${from} to ${to}\n`, data: { from, to } };
  },
});
