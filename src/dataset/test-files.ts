import { BerthError } from "../core/errors.ts";
import { pathFault } from "../grader/change-set/path-fault.ts";
import { parsePatch } from "../tool/files/patch/parse-patch.ts";
import { planPatch } from "../tool/files/patch/plan-patch.ts";
import type { WholeFile } from "../tool/files/text-file.ts";
import { Unusable, type TaskFile } from "./task.ts";

/** Files of a repository at a commit. */
export interface BaseFiles {
  /** Undefined when there is none. @throws BerthError of the repository */
  read(path: string): Promise<WholeFile | undefined>;
}

const WORKDIR = "/base";

/**
 * The files of a diff of tests, whole, as they are after it. What it deletes is left out: hidden files are laid over the workspace.
 * @throws Unusable when the diff does not fit the base, or is binary; BerthError of the repository
 */
export async function filesOfTestPatch(patch: string, base: BaseFiles): Promise<TaskFile[]> {
  const inside = (path: string): string => {
    const fault = pathFault(path);
    if (fault !== undefined) throw new Unusable(`test_patch: ${fault}`);
    return path;
  };
  const read = async (path: string): Promise<WholeFile> => {
    const found = await base.read(inside(path));
    if (!found) throw new BerthError("file_not_found", `There is no ${path} at the base commit.`);
    return found;
  };
  const stat = async (path: string) => {
    // What is new needs no base, and most repositories are large.
    const found = added.has(inside(path)) ? undefined : await base.read(path);
    return found ? { path, type: "file" as const, size: found.bytes.length, mode: found.mode } : null;
  };
  const added = new Set<string>();
  try {
    const parsed = parsePatch(patch);
    for (const { type, path } of parsed.changes) if (type === "add") added.add(path);
    const { files } = await planPatch(parsed, { workdir: WORKDIR, stat, read });
    return files.flatMap(({ path, after, executable, before }) => {
      if (after === null) return [];
      const wasExecutable = before !== null && before !== "opaque" && (before.mode & 0o111) !== 0;
      return [{ path: inside(path), content: after, executable: executable ?? wasExecutable }];
    });
  } catch (error) {
    if (error instanceof BerthError && error.causedBy === "policy")
      throw new Unusable(`test_patch does not fit: ${error.message}`, { cause: error });
    throw error;
  }
}
