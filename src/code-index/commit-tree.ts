import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Repository } from "../model/environment.ts";
import { checkOut } from "../snapshot/checkout.ts";
import type { GitOptions } from "../snapshot/git.ts";
import type { Mirrors } from "../snapshot/mirror.ts";

export interface CommitTrees {
  /** For work trees while they are read; emptied by whoever sweeps it. */
  readonly workDir: string;
  readonly mirrors: Mirrors;
  readonly processEnv: GitOptions["processEnv"];
}

/**
 * The files of a commit, laid out from the mirror as for a snapshot, while `work` reads them. Nothing is left of them.
 * @throws BerthError what `Mirrors.ensure` and `checkOut` throw
 */
export async function withCommitTree<T>(
  repository: Repository,
  { workDir, mirrors, processEnv }: CommitTrees,
  signal: AbortSignal,
  work: (tree: string) => Promise<T>,
): Promise<T> {
  await mkdir(workDir, { recursive: true, mode: 0o700 });
  using mirror = await mirrors.ensure({ url: repository.url, commit: repository.commit, signal });
  const tree = await mkdtemp(join(workDir, `tree-${process.pid}-`));
  try {
    await checkOut(mirror.path, { ...repository, history: "none" }, tree, { processEnv, signal });
    return await work(tree);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}
