import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";

export const deleteFile = defineTool({
  name: "delete",
  description: `Deletes a file, a link (not what it leads to) or a directory.
A directory that is not empty is only deleted with recursive. There is no undo. Comes back: what was deleted.`,
  effect: "write",
  arguments: z.strictObject({
    path: pathField("What to delete, relative to the workspace."),
    recursive: z.boolean().default(false).describe("Delete a directory with all that is in it."),
  }),
  async run({ guest, signal }, { path, recursive }) {
    const { type } = await guest.stat(path, { signal });
    try {
      await guest.remove(path, { recursive }, { signal });
    } catch (thrown) {
      // The guest's word for a directory that holds something; no other condition was given.
      if (!(thrown instanceof BerthError) || thrown.code !== "edit_not_found") throw thrown;
      throw new BerthError("not_a_file", `${path} is a directory that is not empty.`, {
        cause: thrown,
        remedy: "Set recursive to delete it with all that is in it, or delete single files.",
      });
    }
    return { output: `deleted ${type === "file" ? "" : `${type} `}${path}\n`, data: { path, type } };
  },
});
