import { z } from "zod";
import { countField, pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { git } from "./git.ts";

const maxBytes = 131_072;

export const gitBlame = defineTool({
  name: "git_blame",
  description: `Says which commit last changed each line of a file, and when and by whom.
Comes back: one line each: short hash, author, date, line number, text. Lines that are not committed have a hash of zeros. Use git_log to read the commits' subjects.`,
  effect: "read",
  arguments: z.strictObject({
    path: pathField("The file, relative to the workspace."),
    start_line: countField(1, 1_000_000_000, 1, "First line, from 1."),
    line_count: countField(1, 2000, 200, "Most lines to give."),
  }),
  async run(context, { path, start_line: start, line_count: count }) {
    const args = ["blame", "--date=short", "--abbrev=11", "-L", `${start},+${count}`, "--", path];
    const { text, isCut } = await git(context, args, maxBytes);
    return { output: text, data: { path, lines: text.split("\n").length - 1 }, truncated: isCut };
  },
});
