import { z } from "zod";

/** MiB that a sandbox may write on top of its snapshot, metadata included. */
export const diskMegabytes = z.number().int().min(16).max(1_048_576);
/** Files, folders and links that a sandbox may have made at the same time. */
export const inodeCount = z.number().int().min(1024).max(100_000_000);

export const resources = z.strictObject({
  cpus: z.number().min(0.1).max(256).default(1),
  memory_mb: z.number().int().min(64).max(1_048_576).default(1024),
  /** Processes and threads of tools at the same time. */
  pids: z.number().int().min(32).max(65_536).default(256),
  /** The profile's limit unless it is set. A provider without the `disk_quota` capability refuses it. */
  disk_mb: diskMegabytes.optional(),
  /** The profile's limit unless it is set. A provider without the `inode_quota` capability refuses it. */
  inodes: inodeCount.optional(),
});

export type Resources = z.infer<typeof resources>;
