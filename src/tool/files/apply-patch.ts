import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { parsePatch } from "./patch/parse-patch.ts";
import { planPatch, type PlannedStep, type PlanSource } from "./patch/plan-patch.ts";
import { writePlan } from "./patch/write-plan.ts";
import { readWhole } from "./text-file.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import { counted, listed } from "../wording.ts";

const description = `Changes, adds, deletes and moves files with one patch: all of it or, when any part does not fit, nothing.

The format:
*** Begin Patch
*** Update File: src/a.py
@@ class Greeter:
     def greet(self):
-        return "hi"
+        return "hello"
*** Add File: src/b.py
+print("new file: every line starts with +")
*** Delete File: src/old.py
*** Update File: src/c.py
*** Move to: src/d.py
@@
-x = 1
+x = 2
*** End Patch

In an update every line starts with a space (context, kept), - (removed) or + (added). Give about 3 lines of context before and after a change, copied exactly. \`@@\` may be followed by one whole line of the file (a class, a function) that stands before the place; several \`@@\` lines narrow it down step by step. Without it the first place behind the previous hunk is taken. \`*** End of File\` ends a hunk that stands at the end of the file. Hunks follow the order of the file; trailing white space need not match.
Unified diffs (\`--- a/x\`, \`+++ b/x\`, \`@@ -1,3 +1,4 @@\`) are accepted as well.
Paths are relative to the workspace. Files up to 4 MiB. Comes back: each file with the lines where its hunks were applied. Use it for several edits at once; use edit_file for a single one.`;

export const applyPatch = defineTool({
  name: "apply_patch",
  description,
  effect: "write",
  arguments: z.strictObject({
    patch: z
      .string()
      .min(1)
      .max(1_000_000)
      .describe("The patch, from `*** Begin Patch` to `*** End Patch`, or a unified diff."),
  }),
  async run(context, { patch }) {
    const options = { signal: context.signal };
    const plan = await planPatch(parsePatch(patch), sourceOf(context));
    await writePlan(context.guest, plan.files, options);
    return {
      output: plan.steps.map(describeStep).join("\n") + "\n",
      data: {
        files: plan.steps.map(({ type, path, movedTo, applied }) => ({
          type,
          path,
          ...(movedTo === undefined ? {} : { moved_to: movedTo }),
          added: applied?.added ?? 0,
          removed: applied?.removed ?? 0,
          hunks: applied?.hunks.map((hunk) => hunk.line) ?? [],
        })),
      },
    };
  },
});

function sourceOf({ guest, workdir, signal }: ToolContext): PlanSource {
  return {
    workdir,
    read: (path) => readWhole(guest, path, { signal }),
    stat: (path) =>
      guest.stat(path, { signal }).catch((error: unknown) => {
        if (error instanceof BerthError && error.code === "file_not_found") return null;
        throw error;
      }),
  };
}

function describeStep({ type, path, movedTo, applied }: PlannedStep): string {
  if (type === "deleted") return `deleted ${path}`;
  if (type === "added") return `added ${path} (${counted(applied?.added ?? 0, "line")})`;
  const hunks = applied?.hunks ?? [];
  const places = hunks.length === 0 ? "" : `, at line ${listed(hunks.map((hunk) => hunk.line))}`;
  const head = `${movedTo === undefined ? `updated ${path}` : `moved ${path} to ${movedTo}`} (+${applied?.added ?? 0} -${applied?.removed ?? 0}${places})`;
  const notes = hunks.flatMap(({ alsoAt }, index) =>
    alsoAt.length === 0
      ? []
      : [
          `  note: the lines that hunk ${index + 1} replaced stood at line ${listed(alsoAt)} too; the first place was taken. If another was meant, name it with @@.`,
        ],
  );
  return [head, ...notes.slice(0, 20)].join("\n");
}
