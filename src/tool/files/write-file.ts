import { z } from "zod";
import { pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { counted } from "../wording.ts";

export const writeFile = defineTool({
  name: "write_file",
  description: `Writes a whole file: makes it, with the directories above it, or replaces what it held.
The content is written as it is; end it with a line end where the file should have one. A file that is replaced keeps its mode. Comes back: whether it was made or replaced, its lines and bytes.
Use edit_file or apply_patch to change parts of a file.`,
  effect: "write",
  arguments: z.strictObject({
    path: pathField("The file, relative to the workspace."),
    content: z.string().max(1_000_000).describe("All that the file is to hold, as UTF-8."),
    executable: z
      .boolean()
      .optional()
      .describe("True makes it executable, false not. Default: as the file is, or not."),
  }),
  async run({ guest, signal }, { path, content, executable }) {
    const how = { createParents: true, ...(executable === undefined ? {} : { executable }) };
    const { bytes, created } = await guest.write(path, Buffer.from(content, "utf8"), how, { signal });
    const lines = countLines(content);
    return {
      output: `${created ? "created" : "replaced"} ${path} (${counted(lines, "line")}, ${counted(bytes, "byte")})\n`,
      data: { path, created, lines, bytes },
    };
  },
});

function countLines(content: string): number {
  let lines = content === "" || content.endsWith("\n") ? 0 : 1;
  for (let at = content.indexOf("\n"); at >= 0; at = content.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
