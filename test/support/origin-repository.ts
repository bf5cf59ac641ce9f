import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a commit holds: text, an executable, or a link. */
export type Content = string | { executable: string } | { link: string };

/** A git repository of this machine that plays an origin; gone when its scope ends. */
export async function originRepository() {
  const dir = await mkdtemp(join(tmpdir(), "berth-origin-"));
  const path = join(dir, "origin");
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: dir,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "A",
    GIT_AUTHOR_EMAIL: "a@example.org",
    GIT_COMMITTER_NAME: "A",
    GIT_COMMITTER_EMAIL: "a@example.org",
  };
  const git = async (...args: string[]): Promise<string> =>
    (await run("git", args, { cwd: path, env, maxBuffer: 64 * 1024 ** 2 })).stdout.trim();
  await mkdir(path);
  await git("init", "--quiet", "--initial-branch=main");

  return {
    dir,
    path,
    url: `file://${path}`,
    git,
    /** Writes files and commits them; gives the commit's id. */
    async commit(files: Readonly<Record<string, Content>>, message = "change"): Promise<string> {
      for (const [name, content] of Object.entries(files)) {
        const file = join(path, name);
        await mkdir(dirname(file), { recursive: true });
        if (typeof content === "string") await writeFile(file, content);
        else if ("link" in content) await symlink(content.link, file);
        else {
          await writeFile(file, content.executable);
          await chmod(file, 0o755);
        }
      }
      await git("add", "--all", "--force");
      await git("commit", "--quiet", "--allow-empty", "--message", message);
      return await git("rev-parse", "HEAD");
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/** git in a tree that Berth laid out, as a curious policy would use it. */
export async function gitIn(cwd: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1" };
  return (await run("git", ["-c", "safe.directory=*", ...args], { cwd, env, maxBuffer: 64 * 1024 ** 2 })).stdout.trim();
}
