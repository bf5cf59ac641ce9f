import { z } from "zod";
import { pathField } from "../fields.ts";
import { defineTool } from "../tool.ts";

export const stat = defineTool({
  name: "stat",
  description: `Says what a path is: file, directory, link or other, with its size in bytes and its permissions in octal. A link is not followed; where it leads is given.
Use it to learn whether something exists and how large it is before reading it.`,
  effect: "read",
  arguments: z.strictObject({ path: pathField("The path, relative to the workspace.") }),
  async run({ guest, signal }, { path }) {
    const found = await guest.stat(path, { signal });
    const mode = found.mode.toString(8).padStart(4, "0");
    const size = found.type === "file" ? `, ${found.size} bytes` : "";
    const target = found.target === undefined ? "" : `, leads to ${JSON.stringify(found.target)}`;
    return {
      output: `${path}: ${found.type}${size}, mode ${mode}${target}\n`,
      data: {
        path,
        type: found.type,
        size: found.size,
        mode,
        ...(found.target === undefined ? {} : { target: found.target }),
      },
    };
  },
});
