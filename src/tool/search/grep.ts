import { z } from "zod";
import { countField, globsField, pathField } from "../fields.ts";
import { grepLines } from "./grep-report.ts";
import { withRemedy } from "../remedy.ts";
import { defineTool } from "../tool.ts";
import { counted } from "../wording.ts";

/** Bytes of matches that the guest gives at most; with file names the answer stays below the bound of all answers. */
const maxBytes = 131_072;
const searchTimeoutMs = 25_000;
const invalidPattern =
  "Write the pattern in RE2 syntax (no look-around, no back-references) or set fixed; include and exclude take globs.";

export const grep = defineTool({
  name: "grep",
  description: `Searches the text of files for a regular expression (RE2 syntax: no look-around, no back-references), line by line.
.git and binary files are skipped. Comes back in the order of paths, one match a line: path:line:text; lines of context as path-line-text, with -- between places. Long lines are cut near the match. At most max_matches matches are given, and the answer says so when there are more.
Use it instead of grep or find in the shell.`,
  effect: "read",
  arguments: z.strictObject({
    pattern: z.string().min(1).max(4096).describe("What to look for: RE2, or plain text with fixed."),
    path: pathField(
      "File or directory to search, relative to the workspace. Default: all of the workspace.",
    ).optional(),
    include: globsField('Only files that match one of these globs, for example ["*.py", "src/**"].'),
    exclude: globsField('No files that match one of these globs, for example ["node_modules/**"].'),
    ignore_case: z.boolean().default(false).describe("Upper and lower case count as equal."),
    fixed: z.boolean().default(false).describe("The pattern is plain text, not a regular expression."),
    before: countField(0, 50, 0, "Lines of context before each match."),
    after: countField(0, 50, 0, "Lines of context after each match."),
    context: countField(0, 50, 0, "Lines of context on both sides; the larger of it and before or after counts."),
    max_matches: countField(1, 2000, 100, "Most matches to give."),
  }),
  async run({ guest, signal }, args) {
    const search = guest.grep(
      {
        pattern: args.pattern,
        ...(args.path === undefined ? {} : { path: args.path }),
        ...(args.include === undefined ? {} : { include: args.include }),
        ...(args.exclude === undefined ? {} : { exclude: args.exclude }),
        ignoreCase: args.ignore_case,
        fixed: args.fixed,
        before: Math.max(args.before, args.context),
        after: Math.max(args.after, args.context),
        maxMatches: args.max_matches,
        maxBytes,
        timeoutMs: searchTimeoutMs,
      },
      { signal, timeoutMs: searchTimeoutMs + 5000 },
    );
    const result = await withRemedy("invalid_pattern", invalidPattern, search);
    const { matches, matchedFiles, searchedFiles, truncated, timedOut } = result;
    const lines = grepLines(matches);
    if (matches.length === 0 && !timedOut) {
      lines.push(
        searchedFiles === 0
          ? "[no match: no file fits path, include and exclude]"
          : `[no match in ${counted(searchedFiles, "file")}]`,
      );
    }
    if (truncated) {
      lines.push(
        `[there are more matches than the ${matches.length} above; narrow pattern, path or include, or raise max_matches (at most 2000)]`,
      );
    }
    if (timedOut)
      lines.push(
        `[the search stopped after ${searchTimeoutMs / 1000} s and ${counted(searchedFiles, "file")}; narrow path or include]`,
      );
    return {
      output: lines.join("\n") + "\n",
      data: {
        matches: matches.length,
        matched_files: matchedFiles,
        searched_files: searchedFiles,
        timed_out: timedOut,
      },
      truncated: truncated || timedOut,
    };
  },
});
