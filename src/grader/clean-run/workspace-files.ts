import { BerthError } from "../../core/errors.ts";
import type { Guest } from "../../guest/guest.ts";
import type { RequestOptions } from "../../guest/request-options.ts";
import type { HiddenFile } from "../grader.ts";

/** The largest file of the snapshot that the controller looks into, in bytes. */
const mostBytes = 4 * 1024 ** 2;

/** The text of a file of a clean sandbox; undefined when there is none, or none that may be read. */
export async function readText(guest: Guest, path: string, options: RequestOptions): Promise<string | undefined> {
  const page = await unlessRefused(() => guest.read(path, { limit: mostBytes }, options));
  return page === undefined || page.size > page.bytes.length ? undefined : page.bytes.toString("utf8");
}

/** Whether a clean sandbox has anything at a path. */
export async function exists(guest: Guest, path: string, options: RequestOptions): Promise<boolean> {
  return (await unlessRefused(() => guest.stat(path, options))) !== undefined;
}

/**
 * Writes a task's own file over whatever is there, links included.
 * @throws BerthError `grader_failed` when the clean sandbox does not take it
 */
export async function place(guest: Guest, file: HiddenFile, options: RequestOptions): Promise<void> {
  try {
    const there = await unlessRefused(() => guest.stat(file.path, options));
    if (there !== undefined && there.type !== "file") await guest.remove(file.path, { recursive: true }, options);
    await guest.write(file.path, file.content, { createParents: true, executable: file.executable }, options);
  } catch (thrown) {
    if (!(thrown instanceof BerthError) || thrown.causedBy !== "policy") throw thrown;
    throw new BerthError("grader_failed", `The hidden file ${file.path} cannot be written: ${thrown.message}`, {
      cause: thrown,
    });
  }
}

async function unlessRefused<T>(request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await request();
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.causedBy === "policy") return undefined;
    throw thrown;
  }
}
