import { z } from "zod";
import { countField, pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { git, revisionField } from "./git.ts";

const maxBytes = 131_072;

export const gitLog = defineTool({
  name: "git_log",
  description: `Lists commits of the workspace's git repository, newest first.
Comes back: one line a commit: short hash, date, author, subject, separated by tabs. The repository may hold no more than the commit that the task starts from.`,
  effect: "read",
  arguments: z.strictObject({
    revision: revisionField("Where to begin, or a range: main, v1.0..HEAD.").default("HEAD"),
    path: pathField("Only commits that changed this file or directory. Default: all.").optional(),
    grep: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe("Only commits whose message holds this text, upper and lower case equal."),
    max_commits: countField(1, 1000, 20, "Most commits to give."),
  }),
  async run(context, { revision, path, grep, max_commits: limit }) {
    const args = [
      "log",
      "--no-show-signature",
      "--no-decorate",
      "--date=short",
      "--format=%h%x09%ad%x09%an%x09%s",
      `--max-count=${limit}`,
      ...(grep === undefined ? [] : ["--fixed-strings", "--regexp-ignore-case", `--grep=${grep}`]),
      "--end-of-options",
      revision,
      "--",
      ...(path === undefined ? [] : [path]),
    ];
    const { text, isCut } = await git(context, args, maxBytes);
    const commits = text === "" ? 0 : text.trimEnd().split("\n").length;
    return { output: text === "" ? "[no commit fits]\n" : text, data: { commits }, truncated: isCut };
  },
});
