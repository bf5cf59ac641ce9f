import { createHash } from "node:crypto";
import {
  chmod,
  cp,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
  copyFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { BerthError } from "../../core/errors.ts";
import { unfinished } from "./unfinished.ts";

/** Raised when what the skeleton holds changes, so that snapshots of the older form are not used. */
const SKELETON_VERSION = 3;

const MERGED_USR = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/** What of the host's /etc programs need to run, and nothing that says who the host is. */
const COPIED_ETC = [
  "alternatives",
  "ca-certificates",
  "ca-certificates.conf",
  "debian_version",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "magic",
  "mime.types",
  "os-release",
  "profile",
  "protocols",
  "python3",
  "python3.11",
  "python3.12",
  "python3.13",
  "services",
  "shells",
  "ssl/certs",
  "ssl/openssl.cnf",
  "terminfo",
  "timezone",
  "perl",
];

const accounts = (uid: number) => ({
  passwd: `root:x:0:0:root:/root:/bin/sh\nagent:x:${uid}:${uid}:agent:/home/agent:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`,
  group: `root:x:0:\ntty:x:5:\nagent:x:${uid}:\nnogroup:x:65534:\n`,
  hosts: "127.0.0.1 localhost berth\n::1 localhost\n",
  hostname: "berth\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  "resolv.conf": "",
});

/** Names what the image `host` consists of: the distribution, its installed packages and the skeleton's form. */
export async function hostImageDigest(): Promise<string> {
  const hash = createHash("sha256").update(`skeleton ${SKELETON_VERSION} ${process.arch}\n`);
  for (const file of [
    "/etc/os-release",
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/var/lib/rpm/rpmdb.sqlite",
  ]) {
    hash.update(await readFile(file).catch(() => ""));
  }
  const usr = await lstat("/usr/local").catch(() => undefined);
  hash.update(String(usr?.mtimeMs ?? ""));
  return hash.digest("hex");
}

/**
 * Builds the root under `target` once: a synthetic /etc, empty folders, links into /usr. The host's /usr itself is
 * mounted read-only by the sandbox; nothing else of the host is seen.
 * @throws BerthError `image_not_found` where /bin and /lib are not links into /usr
 */
export async function buildHostSkeleton(target: string, toolUid: number): Promise<void> {
  const draft = unfinished(target);
  await rm(draft, { recursive: true, force: true });
  await mkdir(join(draft, "etc"), { recursive: true });
  await linkMergedUsr(draft);
  for (const name of COPIED_ETC) await copyEtc(draft, name);
  for (const [name, text] of Object.entries(accounts(toolUid))) await writeFile(join(draft, "etc", name), text);
  for (const dir of [
    "usr",
    "dev",
    "proc",
    "sys",
    "run",
    "root",
    "home",
    "opt",
    "var/lib",
    "var/log",
    "var/cache",
    ".berth",
  ]) {
    await mkdir(join(draft, dir), { recursive: true });
  }
  for (const dir of ["tmp", "var/tmp"]) {
    await mkdir(join(draft, dir), { recursive: true });
    await chmod(join(draft, dir), 0o1777);
  }
  await rename(draft, target).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    // Another process was faster, with the same.
    await rm(draft, { recursive: true });
  });
}

async function linkMergedUsr(root: string): Promise<void> {
  for (const name of MERGED_USR) {
    const found = await lstat(`/${name}`).catch(() => undefined);
    if (!found) continue;
    if (!found.isSymbolicLink()) {
      throw new BerthError(
        "image_not_found",
        `The image host needs a merged /usr, and /${name} is a folder of its own here.`,
        {
          remedy: "Name another image, or a path to a root file system.",
        },
      );
    }
    await symlink(await readlink(`/${name}`), join(root, name));
  }
}

async function copyEtc(root: string, name: string): Promise<void> {
  const source = `/etc/${name}`;
  const found = await lstat(source).catch(() => undefined);
  if (!found) return;
  const destination = join(root, "etc", name);
  await mkdir(dirname(destination), { recursive: true });
  if (found.isDirectory()) await cp(source, destination, { recursive: true, verbatimSymlinks: true });
  else await copyFile(source, destination);
}
