import { access, constants, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { BerthError } from "../../core/errors.ts";

const DEADLINE_MS = 60_000;
/** One for each block of 4 KiB: more could never hold content, and their tables would take the disk. */
const MAX_INODES_PER_MB = 256;

/** Where a sandbox of limited size keeps what it writes, beneath its disk's root. */
export const diskFolders = { upper: "upper", work: "work" } as const;

/** Why disks of a limited size cannot be made here; undefined when they can. */
export async function diskObstacle(): Promise<string | undefined> {
  const control = await access("/dev/loop-control", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!control) return "the kernel offers no loop devices (/dev/loop-control)";
  const mkfs = await asAdministrator("mkfs.ext4", ["-V"]);
  return mkfs.exitCode === 0 ? undefined : "mkfs.ext4 is not installed (apt-get install e2fsprogs)";
}

export interface DiskSize {
  /** MiB, with the file system's own tables, which take 256 bytes for each inode. */
  readonly megabytes: number;
  /** The file system's own choice, one for each 16 KiB, when it is left out. */
  readonly inodes: number | undefined;
}

/**
 * Makes a sandbox's disk: a sparse file with an empty ext4 of that size, about a megabyte until it is written to. The
 * file system is made once for each size and then copied.
 * @throws BerthError `sandbox_create_failed`
 */
export async function makeDisk(templates: string, size: DiskSize, file: string): Promise<void> {
  const template = join(templates, `ext4-${size.megabytes}-${size.inodes ?? "default"}.img`);
  const there = await access(template).then(
    () => true,
    () => false,
  );
  if (!there) await makeTemplate(templates, size, template);
  await run("cp", ["--sparse=always", "--reflink=auto", template, file]);
}

/** The rename is the moment at which the template exists; whoever is later replaces it with its equal. */
async function makeTemplate(templates: string, size: DiskSize, template: string): Promise<void> {
  await mkdir(templates, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(templates, "draft-"));
  try {
    const root = join(draft, "root");
    for (const folder of Object.values(diskFolders)) await mkdir(join(root, folder), { recursive: true, mode: 0o755 });
    const image = join(draft, "image");
    await run("truncate", ["--size", `${size.megabytes}M`, image]);
    // No journal: the disk does not outlive a crash of the machine. No blocks reserved for root: the size is the limit.
    const inodes =
      size.inodes === undefined ? [] : ["-N", String(Math.min(size.inodes, size.megabytes * MAX_INODES_PER_MB))];
    await run("mkfs.ext4", ["-q", "-F", "-m", "0", "-O", "^has_journal", ...inodes, "-d", root, image]);
    await rename(image, template);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Copies what a stopped sandbox wrote out of its disk, which is mounted for the copy's own process alone. */
export async function copyUpper(disk: string, mountPoint: string, target: string): Promise<void> {
  const script = 'mount -o loop "$1" "$2" && cp --archive "$2/$3" "$4"';
  await run("unshare", [
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-c",
    script,
    "sh",
    disk,
    mountPoint,
    diskFolders.upper,
    target,
  ]);
}

/** With the folders that stand outside many users' PATH. */
const asAdministrator = (command: string, args: readonly string[]) =>
  execa("sh", ["-c", 'PATH=$PATH:/usr/sbin:/sbin exec "$@"', "sh", command, ...args], {
    reject: false,
    timeout: DEADLINE_MS,
  });

async function run(command: string, args: readonly string[]): Promise<void> {
  const result = await asAdministrator(command, args);
  if (result.exitCode === 0) return;
  throw new BerthError("sandbox_create_failed", `${command} failed: ${result.stderr.trim().slice(-500)}`);
}
