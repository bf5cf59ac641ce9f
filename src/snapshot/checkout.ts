import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SimpleGit } from "simple-git";
import { BerthError } from "../core/errors.ts";
import type { Repository } from "../model/environment.ts";
import { gitIn, type GitOptions } from "./git.ts";

/** What git writes of where a repository came from and where it has been. */
const TRACES = ["FETCH_HEAD", "ORIG_HEAD", "logs", "hooks", "branches", "description", "info/exclude"];

/**
 * Lays out `target` as a work tree of one commit whose repository holds that commit and, as `history` allows, its
 * ancestors: nothing else, reachable or not. Checked after it was made.
 * @throws BerthError `commit_not_found`, `internal` when the check finds more than it should
 */
export async function checkOut(
  mirror: string,
  repository: Repository,
  target: string,
  options: Pick<GitOptions, "processEnv" | "signal" | "onProgress">,
): Promise<void> {
  const { commit, history } = repository;
  await mkdir(target, { recursive: true });
  const git = gitIn(target, { ...options, isolated: true });
  await git.raw("init", "--quiet", "--template=", "--initial-branch=main");
  const depth = history === "none" ? ["--depth=1"] : [];
  await git.raw("fetch", "--quiet", "--no-tags", ...depth, `file://${mirror}`, commit).catch((error: unknown) => {
    throw new BerthError("commit_not_found", `The commit ${commit} cannot be read from its mirror.`, { cause: error });
  });
  await git.raw("checkout", "--quiet", "--force", "-B", "main", commit);
  for (const trace of TRACES) await rm(join(target, ".git", trace), { recursive: true, force: true });
  await verifyHistory(git, target, repository);
}

/** Every object of the repository, dangling ones too, must belong to the commit or, where allowed, to its ancestors. */
async function verifyHistory(git: SimpleGit, target: string, { commit, history }: Repository): Promise<void> {
  const lines = (text: string) => text.split("\n").filter((line) => line !== "");
  const refs = lines(await git.raw("for-each-ref", "--format=%(objectname) %(refname)"));
  const held = lines(await git.raw("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"));
  const belonging = new Set(
    lines(await git.raw("rev-list", "--objects", commit)).map((line) => line.slice(0, commit.length)),
  );
  const foreign = held.filter((line) => !belonging.has(line.slice(0, commit.length)));
  const commits = held.filter((line) => line.endsWith(" commit"));
  const alternates = await readdir(join(target, ".git", "objects", "info")).catch((): string[] => []);
  const problems = [
    refs.length === 1 && refs[0] === `${commit} refs/heads/main` ? [] : [`refs: ${refs.join(", ")}`],
    foreign.length === 0 ? [] : [`${foreign.length} objects that are not of the commit`],
    history === "ancestors" || commits.length === 1 ? [] : [`${commits.length} commits`],
    alternates.includes("alternates") ? ["a shared object store"] : [],
  ].flat();
  if (problems.length > 0) {
    throw new BerthError("internal", `The history of ${commit} could not be scrubbed: ${problems.join("; ")}.`);
  }
}
