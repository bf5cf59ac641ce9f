import { z } from "zod";
import { countField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { counted } from "../wording.ts";
import { git } from "./git.ts";

const maxBytes = 1_000_000;

export const gitStatus = defineTool({
  name: "git_status",
  description: `Says which files of the workspace's git repository differ from the last commit, and which branch is checked out.
Comes back: a line with the branch and the commit, then one line a file: two letters (the first for what is staged, the second for what is not: M changed, A added, D deleted, R renamed, U conflict, ?? not tracked), a space and the path.`,
  effect: "read",
  arguments: z.strictObject({ max_files: countField(1, 5000, 500, "Most files to give.") }),
  async run(context, { max_files: limit }) {
    const { text, isCut } = await git(
      context,
      ["status", "--porcelain=v2", "--branch", "--untracked-files=all"],
      maxBytes,
    );
    const { branch, commit, files } = parseStatus(text);
    const shown = files.slice(0, limit);
    const lines = [`on ${branch}${commit === "" ? ", no commit yet" : ` at ${commit.slice(0, 12)}`}`];
    lines.push(...shown.map(({ state, path }) => `${state} ${path}`));
    if (files.length === 0) lines.push("[nothing differs from the last commit]");
    if (files.length > shown.length || isCut)
      lines.push(`[${counted(files.length, "file")} in all; raise max_files or use the shell]`);
    return {
      output: lines.join("\n") + "\n",
      data: { branch, commit, files: files.length, untracked: files.filter(({ state }) => state === "??").length },
      truncated: files.length > shown.length || isCut,
    };
  },
});

interface Status {
  readonly branch: string;
  readonly commit: string;
  readonly files: readonly { readonly state: string; readonly path: string }[];
}

function parseStatus(text: string): Status {
  let branch = "no branch";
  let commit = "";
  const files: { state: string; path: string }[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    const state = (fields[1] ?? "").replaceAll(".", " ");
    if (line.startsWith("# branch.head ")) branch = fields[2] === "(detached)" ? "no branch" : `branch ${fields[2]}`;
    else if (line.startsWith("# branch.oid "))
      commit = /^[0-9a-f]{40,64}$/.test(fields[2] ?? "") ? (fields[2] ?? "") : "";
    else if (line.startsWith("1 ")) files.push({ state, path: fields.slice(8).join(" ") });
    else if (line.startsWith("2 ")) {
      const [path, from] = fields.slice(9).join(" ").split("\t");
      files.push({ state, path: `${path} (from ${from})` });
    } else if (line.startsWith("u ")) files.push({ state: "UU", path: fields.slice(10).join(" ") });
    else if (line.startsWith("? ")) files.push({ state: "??", path: line.slice(2) });
  }
  return { branch, commit, files };
}
