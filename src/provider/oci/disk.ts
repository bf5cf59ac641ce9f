import { diskTemplate, runTool, type DiskSize } from "../disk.ts";

/** Where a sandbox of limited size keeps what it writes, beneath its disk's root. */
export const diskFolders = { upper: "upper", work: "work" } as const;

/** The file that the launcher makes a sandbox's disk of. @throws BerthError `sandbox_create_failed` */
export const sandboxDiskTemplate = (templates: string, size: DiskSize): Promise<string> =>
  diskTemplate(templates, size, Object.values(diskFolders));

/** Copies what a stopped sandbox wrote out of its disk, which is mounted for the copy's own process alone. */
export async function copyUpper(disk: string, mountPoint: string, target: string): Promise<void> {
  const script = 'mount -o loop "$1" "$2" && cp --archive "$2/$3" "$4"';
  await runTool("unshare", [
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
