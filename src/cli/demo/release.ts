import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { BerthError } from "../../core/errors.ts";
import { required } from "./fast-uri-tests.ts";
import type { TaskSource } from "./task.ts";

/** An upstream package of which the registry carries the source together with its tests. */
interface Release {
  readonly version: string;
  /** The registry's own checksum of the archive: sha512, base64. */
  readonly sha512: string;
}

const PACKAGE = "fast-uri";
const OLDER: Release = {
  version: "3.1.1",
  sha512: "h2r7rcm6Ee/J8o0LD5djLuFVcfbZxhvho4vvsbeV0aMvXjUgqv4YpxpkEx0d68l6+IleVfLAdVEfhR7QNMkGHQ==",
};
const NEWER: Release = {
  version: "3.1.2",
  sha512: "rVjf7ArG3LTk+FS6Yw81V1DLuZl1bRbNrev6Tmd/9RaroeeRRJhAt7jg/6YFxbvAQXUCavSoZhPPj6oOx+5KjQ==",
};

/** What the package's tests import, beside its source; kept outside the workspace. */
const TEST_PACKAGES = ["tape@5.9.0", "ajv@8.17.1", "uri-js@4.4.1"];

const DOWNLOAD_DEADLINE_MS = 120_000;

/** Two adjacent releases as a repository of two commits; the second is the fix. Made once, in `dir`. @throws BerthError */
export async function releaseTask(dir: string, onProgress: (message: string) => void): Promise<TaskSource> {
  const repository = join(dir, `${PACKAGE}-${OLDER.version}-${NEWER.version}`);
  const commit = await headOf(repository).catch(async () => {
    await rm(repository, { recursive: true, force: true });
    await mkdir(repository, { recursive: true });
    await git(repository, "init", "--quiet", "--template=", "--initial-branch=main");
    for (const release of [OLDER, NEWER]) {
      onProgress(`downloading ${PACKAGE} ${release.version}`);
      await commitRelease(dir, repository, release);
    }
    return headOf(repository);
  });
  return {
    title: `${PACKAGE} ${OLDER.version} → ${NEWER.version}`,
    url: `file://${repository}`,
    fix: commit,
    image: undefined,
    setup: [
      `mkdir -p /opt/tests && ln -s /opt/tests/node_modules /node_modules && npm install --prefix /opt/tests --no-audit --no-fund --ignore-scripts --loglevel=error ${TEST_PACKAGES.join(" ")}`,
    ],
    test: "/node_modules/.bin/tape 'test/*.test.js'",
    required,
  };
}

async function commitRelease(dir: string, repository: string, release: Release): Promise<void> {
  const archive = await download(dir, release);
  for (const name of await readdir(repository))
    if (name !== ".git") await rm(join(repository, name), { recursive: true });
  const unpacked = join(dir, `unpacked-${release.version}`);
  await rm(unpacked, { recursive: true, force: true });
  await mkdir(unpacked);
  await execa(
    "tar",
    ["--extract", "--gzip", "--file", archive, "--directory", unpacked, "--strip-components=1", "--no-same-owner"],
    {
      timeout: DOWNLOAD_DEADLINE_MS,
    },
  );
  await cp(unpacked, repository, { recursive: true });
  await rm(unpacked, { recursive: true });
  await git(repository, "add", "--all", "--force");
  await git(repository, "commit", "--quiet", "--message", `${PACKAGE} ${release.version}`);
}

async function download(dir: string, { version, sha512 }: Release): Promise<string> {
  const archive = join(dir, `${PACKAGE}-${version}.tgz`);
  if ((await sha512Of(archive)) === sha512) return archive;
  const result = await execa("npm", ["pack", "--silent", `${PACKAGE}@${version}`, "--pack-destination", dir], {
    timeout: DOWNLOAD_DEADLINE_MS,
    reject: false,
    cwd: dir,
  });
  if (result.exitCode !== 0) {
    throw new BerthError(
      "repository_unreachable",
      `npm could not fetch ${PACKAGE}@${version}: ${result.stderr.slice(-500)}`,
      {
        remedy: `Check that npm reaches its registry: \`npm view ${PACKAGE}@${version}\`; or give --repo, --commit and --test.`,
      },
    );
  }
  const got = await sha512Of(archive);
  if (got !== sha512)
    throw new BerthError(
      "repository_unreachable",
      `The archive of ${PACKAGE} ${version} has the checksum ${got}, not ${sha512}.`,
    );
  return archive;
}

const sha512Of = (file: string): Promise<string | undefined> =>
  readFile(file).then(
    (bytes) => createHash("sha512").update(bytes).digest("base64"),
    () => undefined,
  );

const headOf = async (repository: string): Promise<string> => {
  const count = await git(repository, "rev-list", "--count", "HEAD");
  if (count !== "2") throw new Error(`${repository} has ${count} commits`);
  return git(repository, "rev-parse", "HEAD");
};

/** git over a tree that this command made itself; author and dates are fixed, so that the commits are the same everywhere. */
async function git(cwd: string, ...args: string[]): Promise<string> {
  const who = { NAME: "Berth demo", EMAIL: "demo@berth.invalid", DATE: "2000-01-01T00:00:00Z" };
  const identity = Object.entries(who).flatMap(([key, value]): [string, string][] => [
    [`GIT_AUTHOR_${key}`, value],
    [`GIT_COMMITTER_${key}`, value],
  ]);
  const { stdout } = await execa("git", ["-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false", ...args], {
    cwd,
    env: { ...Object.fromEntries(identity), GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    timeout: 60_000,
  });
  return stdout.trim();
}
