import type { ImageCopies, SandboxHandle } from "../provider/provider.ts";
import type { SnapshotBuilder } from "./builder.ts";
import type { Cache } from "./evictor.ts";

export interface SnapshotUsers {
  /** The label of the installation's sandboxes. */
  readonly owner: string;
  /** Keys of snapshots that unfinished rollouts stand on. */
  readonly ofRollouts: () => Promise<readonly string[]>;
  readonly sandboxes: () => Promise<readonly SandboxHandle[]>;
}

/** Snapshots of one installation, in use by those who lease them, by its rollouts, and by builds of whatever process. */
export function snapshotCache(builder: SnapshotBuilder, { owner, ofRollouts, sandboxes }: SnapshotUsers): Cache {
  return {
    async list() {
      const kept = await builder.kept(owner);
      const builds = (await sandboxes()).map(({ labels }) => /^build:(.*)$/.exec(labels.purpose)?.[1]);
      const used = new Set([...(await ofRollouts()), ...builds]);
      return kept.map(({ key, bytes, lastUsedMs }) => ({
        kind: "snapshot",
        id: key,
        name: key.slice(0, 12),
        bytes,
        lastUsedMs,
        inUse: used.has(key) || builder.isLeased(key),
      }));
    },
    evict: (key, unlessUsedSinceMs) => builder.evict(key, unlessUsedSinceMs),
  };
}

/** What the provider made of images. */
export const imageCache = (copies: ImageCopies): Cache => ({
  async list() {
    return (await copies.list()).map(({ needed, ...copy }) => ({ kind: "image", ...copy, inUse: needed }));
  },
  evict: (id, unlessUsedSinceMs) => copies.remove(id, unlessUsedSinceMs),
});
