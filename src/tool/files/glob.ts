import { z } from "zod";
import { countField, pathField } from "../fields.ts";
import { withRemedy } from "../remedy.ts";
import { defineTool } from "../tool.ts";

export const glob = defineTool({
  name: "glob",
  description: `Finds files by name.
In the pattern * and ? stand for characters within a name, ** for any directories, [ab] and {a,b} for alternatives: **/*.py, src/**/test_*.{js,ts}. .git is skipped; directories are not given.
Comes back: one path a line, relative to the workspace. The answer says so when there are more than max_paths.`,
  effect: "read",
  arguments: z.strictObject({
    pattern: z.string().min(1).max(1024).describe("The glob that paths must match, seen from path."),
    path: pathField("Directory to search, relative to the workspace. Default: the workspace.").optional(),
    max_paths: countField(1, 5000, 1000, "Most paths to give."),
  }),
  async run({ guest, signal }, { pattern, path, max_paths: limit }) {
    const found = guest.glob({ pattern, ...(path === undefined ? {} : { path }), limit }, { signal });
    const { paths, truncated } = await withRemedy(
      "invalid_pattern",
      "Correct the glob: close its brackets and braces.",
      found,
    );
    const lines: string[] = [...paths];
    if (paths.length === 0) lines.push("[no file matches; ** is needed to look into directories]");
    if (truncated)
      lines.push(
        `[there are more than these ${paths.length} paths; narrow pattern or path, or raise max_paths (at most 5000)]`,
      );
    return { output: lines.join("\n") + "\n", data: { paths: paths.length }, truncated };
  },
});
