import { BerthError } from "../../core/errors.ts";
import type { FileStat, Guest } from "../../guest/guest.ts";
import type { RequestOptions } from "../../guest/request-options.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import { pathFault } from "./path-fault.ts";

/**
 * Lays a change set over a clean workspace: deletions first, so that a file may become a directory, then files in the
 * order of their paths. A file never goes through a link of the snapshot and never replaces a directory that keeps files.
 * Gives what could not be applied, with the reason; the rest is in place.
 * @throws BerthError of cause `infra` as the guest's requests do
 */
export async function applyChangeSet(
  guest: Guest,
  changeSet: Pick<ChangeSet, "written" | "deleted">,
  signal?: AbortSignal,
): Promise<ChangeSet["refused"]> {
  const workspace = new CleanWorkspace(guest, signal ? { signal } : {});
  const refused: ChangeSet["refused"] = [];
  const attempt = async (path: string, step: () => Promise<string | undefined>) => {
    const reason = pathFault(path) ?? (await policyFault(step));
    if (reason !== undefined) refused.push({ path, reason });
  };
  const deleted = changeSet.deleted.toSorted((a, b) => (a < b ? 1 : -1));
  for (const path of deleted) await attempt(path, () => workspace.remove(path));
  const written = changeSet.written.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const file of written)
    await attempt(file.path, () => workspace.write(file.path, Buffer.from(file.content, "base64"), file.executable));
  return refused;
}

class CleanWorkspace {
  readonly #guest: Guest;
  readonly #options: RequestOptions;
  /** Folders that are known to be no links. */
  readonly #folders = new Set<string>();

  constructor(guest: Guest, options: RequestOptions) {
    this.#guest = guest;
    this.#options = options;
  }

  async remove(path: string): Promise<string | undefined> {
    const fault = await this.#linkAbove(path);
    if (fault !== undefined) return fault;
    const there = await this.#stat(path);
    if (there === undefined) return undefined;
    if (there.type === "directory") return "the snapshot has a directory there";
    await this.#guest.remove(path, {}, this.#options);
    return undefined;
  }

  async write(path: string, content: Uint8Array, executable: boolean): Promise<string | undefined> {
    const fault = await this.#linkAbove(path);
    if (fault !== undefined) return fault;
    const there = await this.#stat(path);
    if (there?.type === "directory") {
      const { entries, truncated } = await this.#guest.list(path, { depth: 64, limit: 10_000 }, this.#options);
      if (truncated || entries.some((entry) => entry.type !== "directory"))
        return "it would replace a directory that keeps files";
      await this.#guest.remove(path, { recursive: true }, this.#options);
    } else if (there !== undefined && there.type !== "file") {
      await this.#guest.remove(path, {}, this.#options);
    }
    await this.#guest.write(path, content, { createParents: true, executable }, this.#options);
    return undefined;
  }

  async #linkAbove(path: string): Promise<string | undefined> {
    const names = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= names.length; depth += 1) {
      const folder = names.slice(0, depth).join("/");
      if (this.#folders.has(folder)) continue;
      const there = await this.#stat(folder);
      if (there === undefined) return undefined;
      if (there.type !== "directory") return `${folder} is a ${there.type} of the snapshot`;
      this.#folders.add(folder);
    }
    return undefined;
  }

  async #stat(path: string): Promise<FileStat | undefined> {
    try {
      return await this.#guest.stat(path, this.#options);
    } catch (thrown) {
      if (thrown instanceof BerthError && (thrown.code === "file_not_found" || thrown.code === "not_a_directory"))
        return undefined;
      throw thrown;
    }
  }
}

/** What the guest refuses for a reason of the file itself keeps only that file out. */
async function policyFault(step: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await step();
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.causedBy === "policy") return thrown.message;
    throw thrown;
  }
}
