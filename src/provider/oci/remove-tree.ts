import { rm } from "node:fs/promises";
import { execa } from "execa";
import { BerthError } from "../../core/errors.ts";

/** Removes a tree that a policy may have built: deeper than a path may be long, unreadable, never left by way of a link or a mount. */
export async function removeTree(path: string): Promise<void> {
  const result = await execa("rm", ["-rf", "--one-file-system", "--", path], { reject: false, timeout: 300_000 });
  if (result.exitCode !== 0)
    throw new BerthError("teardown_failed", `Could not remove ${path}: ${result.stderr.slice(-500)}`);
  await rm(path, { force: true, recursive: true });
}
