import { access, constants, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { BerthError } from "../core/errors.ts";
import { exists } from "../core/exists.ts";
import type { Resources } from "../model/resources.ts";

const DEADLINE_MS = 60_000;
/** One for each block of 4 KiB: more could never hold content, and their tables would take the disk. */
const MAX_INODES_PER_MB = 256;

/** Why disks of a limited size cannot be made here; undefined when they can. */
export async function diskObstacle(): Promise<string | undefined> {
  const control = await access("/dev/loop-control", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!control) return "the kernel offers no loop devices (/dev/loop-control)";
  const mkfs = await administer("mkfs.ext4", ["-V"]);
  return mkfs.exitCode === 0 ? undefined : "mkfs.ext4 is not installed (apt-get install e2fsprogs)";
}

export interface DiskSize {
  /** MiB, with the file system's own tables, which take 256 bytes for each inode. */
  readonly megabytes: number;
  /** The file system's own choice, one for each 16 KiB, when it is left out. */
  readonly inodes: number | undefined;
}

/** The disk that these limits ask for; undefined when they ask for none. @throws BerthError `capability_missing` for inodes alone */
export function diskSize(provider: string, { disk_mb, inodes }: Resources): DiskSize | undefined {
  if (disk_mb !== undefined) return { megabytes: disk_mb, inodes };
  if (inodes === undefined) return undefined;
  throw new BerthError("capability_missing", `The provider ${provider} limits inodes only together with disk_mb.`);
}

/**
 * The file of an empty ext4 of that size with these folders, made once for each size: sparse, of some 200 KiB for
 * each 4 GiB. Disks are copies of it.
 * @throws BerthError `sandbox_create_failed`
 */
export async function diskTemplate(
  templates: string,
  { megabytes, inodes }: DiskSize,
  folders: readonly string[] = [],
): Promise<string> {
  const template = join(templates, `ext4-${megabytes}-${inodes ?? "default"}.img`);
  if (await exists(template)) return template;
  await mkdir(templates, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(templates, "draft-"));
  try {
    const root = join(draft, "root");
    await mkdir(root, { mode: 0o755 });
    for (const folder of folders) await mkdir(join(root, folder), { mode: 0o755 });
    const image = join(draft, "image");
    await runTool("truncate", ["--size", `${megabytes}M`, image]);
    const limit = inodes === undefined ? [] : ["-N", String(Math.min(inodes, megabytes * MAX_INODES_PER_MB))];
    // No journal: the disk does not outlive a crash of the machine. No blocks reserved for root: the size is the limit. No tables kept
    // free for growth: they are what most of a copy would consist of.
    await runTool("mkfs.ext4", [
      "-q",
      "-F",
      "-m",
      "0",
      "-O",
      "^has_journal,^resize_inode",
      ...limit,
      "-d",
      root,
      image,
    ]);
    // The moment at which the template exists; whoever is later replaces it with its equal.
    await rename(image, template);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return template;
}

/** Runs a command of the administrator's, whose folders stand outside many users' PATH. */
const administer = (command: string, args: readonly string[]) =>
  execa("sh", ["-c", 'PATH=$PATH:/usr/sbin:/sbin exec "$@"', "sh", command, ...args], {
    reject: false,
    timeout: DEADLINE_MS,
  });

/** @throws BerthError `sandbox_create_failed` with what the command said */
export async function runTool(command: string, args: readonly string[]): Promise<void> {
  const result = await administer(command, args);
  if (result.exitCode === 0) return;
  throw new BerthError("sandbox_create_failed", `${command} failed: ${result.stderr.trim().slice(-500)}`);
}
