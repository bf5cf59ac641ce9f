import { z } from "zod";
import { countField, pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";

const marks = { directory: "/", link: "@", other: "?", file: "" } as const;

export const listDir = defineTool({
  name: "list_dir",
  description: `Lists a directory, and with depth the directories in it.
Comes back: one path a line, relative to the workspace and sorted: directories end in /, links in @, files are followed by a tab and their size in bytes. .git is named but not entered. The answer says so when there are more entries than max_entries.`,
  effect: "read",
  arguments: z.strictObject({
    path: pathField("The directory, relative to the workspace.").default("."),
    depth: countField(1, 20, 1, "How many levels to list; 1 is the directory alone."),
    max_entries: countField(1, 5000, 1000, "Most entries to give."),
  }),
  async run({ guest, signal }, { path, depth, max_entries: limit }) {
    const { entries, truncated } = await guest.list(path, { depth, limit }, { signal });
    const lines = entries.map(
      (entry) => `${entry.path}${marks[entry.type]}${entry.type === "file" ? `\t${entry.size}` : ""}`,
    );
    if (entries.length === 0 && !truncated) lines.push("[the directory is empty]");
    if (truncated)
      lines.push(
        `[there are more than these ${entries.length} entries; list a directory below, lower depth, raise max_entries (at most 5000), or use glob]`,
      );
    return { output: lines.join("\n") + "\n", data: { entries: entries.length }, truncated };
  },
});
