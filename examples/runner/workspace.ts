import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

const gitMs = 60_000;

export interface Workspace extends AsyncDisposable {
  /** As an environment names it. */
  readonly repo: { readonly url: string; readonly commit: string };
}

/** A repository of one commit that holds a folder's files; removed with its scope. */
export async function openWorkspace(folder: string): Promise<Workspace> {
  const path = await mkdtemp(join(tmpdir(), "berth-example-repository-"));
  const git = async (...args: string[]): Promise<string> => {
    const author = ["-c", "user.name=Example", "-c", "user.email=example@berth.invalid"];
    return (await execa("git", [...author, ...args], { cwd: path, timeout: gitMs })).stdout;
  };
  await cp(folder, path, { recursive: true });
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all", "--force");
  await git("commit", "--quiet", "--message", "Where the rollouts start");
  const commit = await git("rev-parse", "HEAD");
  return { repo: { url: `file://${path}`, commit }, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
