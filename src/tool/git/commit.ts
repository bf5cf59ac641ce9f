import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { gitSteps } from "./git.ts";

const maxBytes = 16_384;

/** The message is the first argument, paths are the others; without any, all that differs. */
const script = `message=$1; shift
if [ $# -eq 0 ]; then git add --all || exit; else git add --all -- "$@" || exit; fi
git -c commit.gpgSign=false commit --quiet --no-verify --message="$message" || exit
git -c color.ui=false --no-pager log -1 --format=%H && git -c color.ui=false --no-pager show --format= --stat=120 --no-ext-diff HEAD`;

export const gitCommit = defineTool({
  name: "git_commit",
  description: `Commits changes of the workspace: all of them, new and deleted files too, or those of the given paths.
Hooks of the repository are not run. Comes back: the new commit's hash and how many lines of each file changed. Fails when nothing differs from the last commit.`,
  effect: "write",
  arguments: z.strictObject({
    message: z
      .string()
      .min(1)
      .max(65_536)
      .refine((text) => text.trim() !== "" && !text.includes("\0"), { error: "must hold text, and no NUL character" })
      .describe("The commit message: a subject line, then, if there is more to say, an empty line and the rest."),
    paths: z
      .array(pathField("A file or a directory, relative to the workspace."))
      .max(200)
      .default([])
      .describe("Only these. Default: everything."),
  }),
  async run(context, { message, paths }) {
    const { text } = await gitSteps(context, script, [message, ...paths], maxBytes).catch((thrown: unknown) => {
      if (thrown instanceof BerthError && /nothing to commit|nothing added/.test(thrown.message)) {
        throw new BerthError("invalid_arguments", "Nothing differs from the last commit.", {
          cause: thrown,
          remedy: "Change something first; git_status shows what differs.",
        });
      }
      throw thrown;
    });
    const [commit = "", ...files] = text.split("\n");
    return { output: `committed ${commit}\n${files.join("\n")}`, data: { commit } };
  },
});
