import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { countField, pathField } from "../fields.ts";
import { refusal } from "../run-tool.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import { counted } from "../wording.ts";
import { pageText } from "./page-text.ts";

/** Of all files together, in bytes; with line numbers the answer stays below the bound of all answers. */
const allBytes = 131_072;

interface Part {
  readonly text: string;
  readonly bytes: number;
  readonly isCut: boolean;
  readonly isMissing: boolean;
}

export const readFiles = defineTool({
  name: "read_files",
  description: `Reads the beginnings of several text files in one call.
Comes back: for each file a line "==> path <==", then its lines as read_file gives them, or why it could not be read. All files together have at most 128 KiB, shared evenly: what is missing of a file is said behind it. Use it to look at files that belong together; use read_file for a page further down.`,
  effect: "read",
  arguments: z.strictObject({
    paths: z.array(pathField("A file, relative to the workspace.")).min(1).max(20).describe("The files, in order."),
    line_count: countField(1, 10_000, 500, "Most lines to read of each file."),
    line_numbers: z.boolean().default(true).describe("False gives the texts alone."),
  }),
  async run(context, { paths, line_count: count, line_numbers: numbered }) {
    const maxBytes = Math.floor(allBytes / paths.length);
    const parts = await Promise.all(paths.map((path) => readPart(context, path, { count, maxBytes, numbered })));
    const read = parts.filter((part) => !part.isMissing);
    if (read.length === 0) {
      const [first] = parts;
      throw new BerthError(
        "file_not_found",
        `None of ${counted(paths.length, "file")} could be read. ${first?.text ?? ""}`,
      );
    }
    return {
      output: parts.map((part, at) => `==> ${paths[at]} <==\n${part.text}`).join("\n"),
      data: {
        files: read.length,
        failed: parts.length - read.length,
        bytes: read.reduce((sum, { bytes }) => sum + bytes, 0),
      },
      truncated: parts.some((part) => part.isCut),
    };
  },
});

async function readPart(
  { guest, signal }: ToolContext,
  path: string,
  { count, maxBytes, numbered }: { count: number; maxBytes: number; numbered: boolean },
): Promise<Part> {
  try {
    const page = await guest.lines(path, { start: 1, count, maxBytes }, { signal });
    const text = pageText(page, { start: 1, numbered });
    const isCut = page.truncated || page.endLine < page.totalLines || page.longLines > 0;
    return { text: text.endsWith("\n") ? text : `${text}\n`, bytes: page.totalBytes, isCut, isMissing: false };
  } catch (thrown) {
    if (!(thrown instanceof BerthError) || thrown.causedBy !== "policy") throw thrown;
    return { text: `${refusal(thrown).output}\n`, bytes: 0, isCut: false, isMissing: true };
  }
}
