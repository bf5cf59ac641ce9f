/** Below the registry's prefix: one repository for all snapshots, each a tag that is its content key. */
export const snapshotRepository = "snapshots";

/** Annotations of a snapshot's manifest, and labels of its image. */
export const annotation = {
  key: "dev.berth.snapshot.key",
  /** The installation whose sandbox it was. */
  owner: "dev.berth.snapshot.owner",
  /** What the sandbox wrote on top of its image, unpacked. */
  bytes: "dev.berth.snapshot.bytes",
  created: "org.opencontainers.image.created",
} as const;

export const isContentKey = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
