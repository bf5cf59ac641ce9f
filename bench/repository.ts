import { createCipheriv } from "node:crypto";
import { once } from "node:events";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Writable } from "node:stream";
import { execa } from "execa";

/** A large repository, the same on every machine: what changes is random, so nothing of it compresses. */
export interface MadeRepository {
  /** A bare repository. */
  readonly path: string;
  readonly commit: string;
  readonly commits: number;
  /** Of its packs. */
  readonly megabytes: number;
}

const commits = 64_000;
/** Bytes of the file that each commit replaces. */
const changed = 5_200;
const folders = 64;
const filesOfFolder = 96;
const DEADLINE_MS = 600_000;

const git = async (cwd: string, ...args: string[]): Promise<string> =>
  (
    await execa("git", args, {
      cwd,
      timeout: DEADLINE_MS,
      env: { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    })
  ).stdout;

/** Makes it beneath `cacheDir`, unless it is there. */
export async function largeRepository(cacheDir: string, say: (text: string) => void): Promise<MadeRepository> {
  const name = path.join(cacheDir, "large-repository.git");
  if (!(await stat(name).catch(() => undefined))) {
    say(`making a repository of ${commits} commits; this is done once`);
    const draft = `${name}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await git(draft, "init", "--bare", "--quiet", "--template=", "--initial-branch=main");
    const importing = execa("git", ["fast-import", "--quiet", "--max-pack-size=4g"], {
      cwd: draft,
      timeout: DEADLINE_MS,
      stdout: "ignore",
    });
    await Promise.all([importing, writeHistory(importing.stdin)]);
    await rename(draft, name);
  }
  const sizes = await git(name, "count-objects", "-v");
  return {
    path: name,
    commit: await git(name, "rev-parse", "refs/heads/main"),
    commits: Number(await git(name, "rev-list", "--count", "refs/heads/main")),
    megabytes: Math.round(Number(/^size-pack: (\d+)$/m.exec(sizes)?.[1]) / 1024),
  };
}

/** The history as `git fast-import` takes it. */
async function writeHistory(to: Writable): Promise<void> {
  const random = createCipheriv("aes-128-ctr", Buffer.alloc(16, "berth"), Buffer.alloc(16));
  const zeros = Buffer.alloc(changed);
  const files = folders * filesOfFolder;
  for (let index = 0; index < commits; index += 1) {
    const file = (index * 7) % files;
    const where = `part-${Math.floor(file / filesOfFolder)}/file-${file % filesOfFolder}`;
    const head = [
      "commit refs/heads/main",
      `committer Berth bench <bench@berth.invalid> ${946_684_800 + index} +0000`,
      `data <<END\nchange ${index}\nEND`,
      `M 100644 inline ${where}`,
      `data ${changed}\n`,
    ].join("\n");
    if (!to.write(Buffer.concat([Buffer.from(head), random.update(zeros), Buffer.from("\n")]))) await once(to, "drain");
  }
  to.end();
}
