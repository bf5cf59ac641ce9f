import type { SandboxHandle, SandboxLabels } from "../provider.ts";

export const providerName = "docker";

/** Labels on everything that Berth makes in the daemon. */
export const label = {
  owner: "berth.owner",
  purpose: "berth.purpose",
  incarnation: "berth.incarnation",
  sandbox: "berth.sandbox",
  /** Unix milliseconds. */
  expires: "berth.expires-at",
  /** On containers whose layer is on a disk of its own: its size in MiB. */
  disk: "berth.disk-mb",
  /** On images: the key of the snapshot. */
  snapshot: "berth.snapshot",
  /** On images of snapshots: the installation whose sandbox it was, and the length of what that wrote. */
  snapshotOwner: "berth.snapshot-owner",
  snapshotBytes: "berth.snapshot-bytes",
  /** On volumes and their helper container: the SHA-256 of the guest's binary. */
  guest: "berth.guest",
  /** On images: the folder of images/ that they were built from. */
  image: "berth.image",
} as const;

/** Where the volume with the guest's binary is mounted, read-only. */
export const guestDirectory = "/.berth";
export const guestPath = `${guestDirectory}/guest`;
/** The guest's socket and its spool: a volume of the sandbox's own, so that neither memory nor a snapshot holds them. */
export const stateDirectory = "/run/berth";
export const guestAddress = `unix:${stateDirectory}/guest.sock`;

export const snapshotRepository = "berth/snapshot";
export const snapshotReference = (key: string): string => `${snapshotRepository}:${key}`;
/** The image that a folder of images/ becomes. */
export const folderReference = (folder: string): string => `berth/${folder}:latest`;
/** The folder of images/ that a reference stands for; undefined for any other image. */
export const folderOf = (reference: string): string | undefined =>
  /^berth\/([a-z0-9][a-z0-9_-]*):latest$/.exec(reference)?.[1];

export const containerName = (id: string): string => `berth-${id}`;

export function sandboxLabels(id: string, labels: SandboxLabels, expiresAtMs: number): Record<string, string> {
  return {
    [label.sandbox]: id,
    [label.owner]: labels.owner,
    [label.purpose]: labels.purpose,
    [label.incarnation]: labels.incarnation,
    [label.expires]: String(expiresAtMs),
  };
}

/** A container's labels → the handle of its sandbox; undefined when it is none of Berth's. */
export function handleOf(labels: Readonly<Record<string, string>> | undefined): SandboxHandle | undefined {
  const id = labels?.[label.sandbox];
  const owner = labels?.[label.owner];
  const purpose = labels?.[label.purpose];
  const incarnation = labels?.[label.incarnation];
  if (!id || !owner || purpose === undefined || incarnation === undefined) return undefined;
  return { id, provider: providerName, labels: { owner, purpose, incarnation } };
}
