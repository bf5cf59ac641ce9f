import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { BerthError, toBerthError } from "../core/errors.ts";
import type { Repository } from "../model/environment.ts";
import { gitIn, type Git, type GitOptions } from "./git.ts";
import { commitId } from "./origin.ts";
import { defaultRepositoryLimits, type RepositoryLimits } from "./limits.ts";

/** Of the listing of one file, on the average at most. */
const LISTED_BYTES = 512;

/** What git writes of where a repository came from and where it has been. */
const TRACES = ["FETCH_HEAD", "ORIG_HEAD", "logs", "hooks", "branches", "description", "info/exclude"];

export interface CheckOutOptions extends Pick<GitOptions, "processEnv" | "signal" | "onProgress"> {
  readonly limits?: Pick<RepositoryLimits, "files" | "treeBytes">;
}

/**
 * Lays out `target` as a work tree of one commit whose repository holds that commit and, as `history` allows, its
 * ancestors: nothing else, reachable or not. Checked after it was made.
 * @throws BerthError `invalid_environment`, `commit_not_found`, `repository_refused` when its files are too many, too large or named as none may be, `internal`
 * when the check finds more than it should
 */
export async function checkOut(
  mirror: string,
  repository: Repository,
  target: string,
  options: CheckOutOptions,
): Promise<void> {
  const { history } = repository;
  const commit = commitId(repository.commit);
  await mkdir(target, { recursive: true });
  const git = gitIn(target, { ...options, isolated: true });
  await git.raw("init", "--quiet", "--template=", "--initial-branch=main");
  const depth = history === "none" ? ["--depth=1"] : [];
  await git.raw("fetch", "--quiet", "--no-tags", ...depth, `file://${mirror}`, commit).catch((error: unknown) => {
    throw new BerthError("commit_not_found", `The commit ${commit} cannot be read from its mirror.`, { cause: error });
  });
  await assertWithin(target, commit, options);
  await git.raw("checkout", "--quiet", "--force", "-B", "main", commit).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    throw new BerthError(
      "repository_refused",
      `The commit ${commit} cannot be laid out: ${toBerthError(error).message}`,
      {
        cause: error,
      },
    );
  });
  for (const trace of TRACES) await rm(join(target, ".git", trace), { recursive: true, force: true });
  await verifyHistory(git, target, repository);
}

/** Adds up the files of a commit before any is laid out, and stops as soon as they are too many. */
async function assertWithin(target: string, commit: string, options: CheckOutOptions): Promise<void> {
  const { limits = defaultRepositoryLimits, signal } = options;
  const stop = new AbortController();
  const git = gitIn(target, {
    ...options,
    signal: AbortSignal.any([stop.signal, ...(signal ? [signal] : [])]),
    isolated: true,
  });
  const seen = { files: 0, treeBytes: 0, listing: 0 };
  let rest = "";
  const count = (chunk: Buffer) => {
    // `<mode> <type> <object> <size>\t<path>`, the size padded, or - for a submodule.
    const entries = (rest + chunk.toString("latin1")).split("\0");
    rest = entries.pop() ?? "";
    seen.files += entries.length;
    seen.listing += chunk.length;
    for (const entry of entries) seen.treeBytes += Number(/^\S+ \S+ \S+ +(\d+)/.exec(entry)?.[1] ?? 0);
    if (seen.files > limits.files || seen.treeBytes > limits.treeBytes || seen.listing > limits.files * LISTED_BYTES)
      stop.abort();
  };
  try {
    await git.read(["ls-tree", "-r", "-l", "-z", commit], count);
    stop.signal.throwIfAborted();
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new BerthError(
      "repository_refused",
      `The files of ${commit} are more than ${limits.files}, or larger than ${limits.treeBytes} bytes.`,
      { cause: error },
    );
  }
}

/** Every object of the repository, dangling ones too, must belong to the commit or, where allowed, to its ancestors. */
async function verifyHistory(git: Git, target: string, { commit, history }: Repository): Promise<void> {
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
