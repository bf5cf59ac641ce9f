import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { pathField } from "../fields.ts";
import { type Replacement, replaceText } from "./replace-text.ts";
import { readWhole, requireText, sha256 } from "./text-file.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import { counted, listed } from "../wording.ts";

/** How often an edit is made anew because the file had changed between reading and writing. */
const attempts = 4;

export const editFile = defineTool({
  name: "edit_file",
  description: `Replaces text in a file: old_string, which must occur exactly once, becomes new_string.
Copy old_string from the file exactly, indentation included, without the line numbers of read_file; give enough lines around the change to make it unique. With replace_all every occurrence is replaced. In a file whose lines end in CR LF write plain line ends; they are kept as they are.
Comes back: the line of the edit. Files up to 4 MiB. Fails when old_string is not there (the nearest text is named) or occurs more than once (its lines are named). Use write_file to make a new file, apply_patch for several edits at once.`,
  effect: "write",
  arguments: z.strictObject({
    path: pathField("The file, relative to the workspace."),
    old_string: z.string().min(1).max(1_000_000).describe("The text to replace."),
    new_string: z.string().max(1_000_000).describe("The text that takes its place; empty removes it."),
    replace_all: z.boolean().default(false).describe("Replace every occurrence."),
  }),
  async run(context, { path, old_string: oldText, new_string: newText, replace_all: all }) {
    if (oldText === newText)
      throw new BerthError(
        "invalid_arguments",
        "old_string and new_string are the same; the edit would change nothing.",
      );
    const { lines, count } = await editWhole(context, path, (bytes) =>
      replaceText({ path, bytes, oldText, newText, all }),
    );
    const where = `line${lines.length === 1 ? "" : "s"} ${listed(lines)}${count > lines.length ? ` and ${count - lines.length} more` : ""}`;
    return {
      output: `edited ${path} at ${where}${count > 1 ? ` (${counted(count, "replacement")})` : ""}\n`,
      data: { path, lines, replacements: count },
    };
  },
});

/** Reads, edits and writes; when another process has changed the file in between, the edit is made anew on what it left. */
async function editWhole(
  { guest, signal }: ToolContext,
  path: string,
  edit: (bytes: Buffer) => Replacement,
): Promise<Replacement> {
  let { bytes } = await readWhole(guest, path, { signal });
  for (let attempt = 1; ; attempt += 1) {
    requireText(path, bytes);
    const edited = edit(bytes);
    try {
      await guest.write(path, edited.bytes, { ifSha256: sha256(bytes) }, { signal });
      return edited;
    } catch (thrown) {
      if (!(thrown instanceof BerthError) || thrown.causedBy !== "policy" || attempt === attempts) throw thrown;
      const present = await readWhole(guest, path, { signal });
      if (present.bytes.equals(bytes)) throw thrown;
      bytes = present.bytes;
    }
  }
}
