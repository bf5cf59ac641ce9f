import { cp, mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";

/** One commit: folders that are laid over the work tree, then files by path. */
export interface CommitContent {
  readonly folders?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

export interface GitRepository extends AsyncDisposable {
  readonly path: string;
  readonly url: string;
  /** Oldest first. */
  readonly commits: readonly string[];
}

/** A repository on this machine's disk. */
export async function gitRepository(contents: readonly CommitContent[]): Promise<GitRepository> {
  const path = await mkdtemp(join(tmpdir(), "berth-origin-"));
  const git = async (...args: string[]): Promise<string> =>
    (await execa("git", ["-c", "user.name=Test", "-c", "user.email=test@berth.invalid", ...args], { cwd: path }))
      .stdout;
  await git("init", "--quiet", "--initial-branch=main");
  const commits: string[] = [];
  for (const { folders = [], files = {} } of contents) {
    for (const folder of folders) await cp(folder, path, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), text);
    }
    await git("add", "--all");
    await git("commit", "--quiet", "--allow-empty", "--message", `Commit ${commits.length + 1}`);
    commits.push(await git("rev-parse", "HEAD"));
  }
  return { path, url: `file://${path}`, commits, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
