import { z } from "zod";
import { countField, pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { git, revisionField } from "./git.ts";

export const gitDiff = defineTool({
  name: "git_diff",
  description: `Shows the changes in the workspace's git repository as a unified diff: what is not committed, or what a revision or a range of two changed.
New files that git does not track are not in it: see git_status. Of a long diff the beginning and the end are given, and how many bytes are missing; narrow it with paths, or ask for stat.`,
  effect: "read",
  arguments: z.strictObject({
    revision: revisionField(
      "Compare with this commit, or the two of a range: HEAD~3, main..HEAD. Default: HEAD.",
    ).default("HEAD"),
    staged: z.boolean().default(false).describe("Only what is staged for the next commit."),
    paths: z
      .array(pathField("A file or a directory, relative to the workspace."))
      .max(50)
      .default([])
      .describe("Only these files or directories. Default: all."),
    stat: z.boolean().default(false).describe("Only the names, with how many lines of each changed."),
    context: countField(0, 50, 3, "Lines of context around each change."),
    max_bytes: countField(1024, 131_072, 65_536, "Most bytes of the diff to give."),
  }),
  async run(context, { revision, staged, paths, stat, context: around, max_bytes: maxBytes }) {
    const args = [
      "diff",
      "--no-ext-diff",
      "--no-textconv",
      ...(stat ? ["--stat=120"] : [`--unified=${around}`]),
      ...(staged ? ["--cached"] : []),
      "--end-of-options",
      revision,
      "--",
      ...paths,
    ];
    const { text, isCut } = await git(context, args, maxBytes);
    return {
      output: text === "" ? "[no difference]\n" : text,
      data: { bytes: Buffer.byteLength(text), files: text.match(/^diff --git /gm)?.length ?? 0 },
      truncated: isCut,
    };
  },
});
