/** Something on the disk that can be made again. */
export interface CachedItem {
  readonly kind: "snapshot" | "image" | "mirror" | "index" | "embeddings";
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Allocated on the disk. */
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly lastUsedMs: number;
  /** Whether a rollout, a build, a grading or another item needs it now. */
  readonly inUse: boolean;
}

export interface EvictionLimits {
  /** Of all items together. */
  readonly maxBytes: number;
  /** Since the last use; Infinity for never. */
  readonly maxAgeMs: number;
  /** What was used within this time stays, whatever the size of all. */
  readonly recentMs: number;
}

export interface Eviction {
  readonly item: CachedItem;
  readonly because: "age" | "size";
}

/**
 * What goes: first what nobody has used for too long, then, as long as the rest is too large, what was used longest ago.
 * Nothing that is in use or was used just now, so that the rest may stay larger than the limit.
 */
export function chooseEvictions(
  items: readonly CachedItem[],
  limits: EvictionLimits,
  nowMs: number,
): readonly Eviction[] {
  const idleMs = (item: CachedItem): number => nowMs - item.lastUsedMs;
  let bytes = items.reduce((sum, item) => sum + item.bytes, 0);
  const candidates = items
    .filter((item) => !item.inUse && idleMs(item) > limits.recentMs)
    .toSorted((a, b) => a.lastUsedMs - b.lastUsedMs);
  const evictions: Eviction[] = [];
  for (const item of candidates) {
    const old = idleMs(item) > limits.maxAgeMs;
    // An item of no size makes no room.
    if (!old && (bytes <= limits.maxBytes || item.bytes === 0)) continue;
    evictions.push({ item, because: old ? "age" : "size" });
    bytes -= item.bytes;
  }
  return evictions;
}
