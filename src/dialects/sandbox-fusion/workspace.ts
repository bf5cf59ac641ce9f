import { BerthError } from "../../core/errors.ts";
import type { ToolContext } from "../../tool/tool.ts";

/** A record keeps them. */
const mostFetchedBytes = 700_000;

type Files = Pick<ToolContext, "guest" | "signal">;

/** @throws BerthError `outside_workspace`, `no_space` and the like */
export async function putFiles(
  files: Readonly<Record<string, string | null>>,
  { guest, signal }: Files,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    if (content === null) continue;
    await guest.write(path, Buffer.from(content, "base64"), { createParents: true }, { signal });
  }
}

/** By path, in base64; what is no file, or none of the workspace's, is left out, and so is what does not fit into 700,000 bytes together: `message` names it. */
export async function fetchFiles(
  paths: readonly string[],
  { guest, signal }: Files,
): Promise<{ files: Record<string, string>; message: string }> {
  const files: Record<string, string> = {};
  const tooLarge: string[] = [];
  let left = mostFetchedBytes;
  for (const path of paths) {
    try {
      const { size } = await guest.stat(path, { signal });
      const { bytes } = size <= left ? await guest.read(path, { limit: left }, { signal }) : { bytes: undefined };
      if (bytes === undefined || bytes.length > left) tooLarge.push(path);
      else files[path] = bytes.toString("base64");
      left -= bytes?.length ?? 0;
    } catch (thrown) {
      // The code had to make it.
      if (!(thrown instanceof BerthError) || thrown.causedBy !== "policy") throw thrown;
    }
  }
  const message = tooLarge.length === 0 ? "" : `fetch_files: too large to be given: ${tooLarge.join(", ")}`;
  return { files, message };
}
