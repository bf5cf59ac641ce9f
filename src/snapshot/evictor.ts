import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import type { Logger } from "../core/log.ts";
import { bytesInWords } from "../core/quantities.ts";
import { chooseEvictions, type CachedItem, type Eviction, type EvictionLimits } from "./eviction.ts";

const LIST_DEADLINE_MS = 120_000;
/** Of one item: a tree of some hundred thousand files. */
const EVICT_DEADLINE_MS = 600_000;

/** A place where things are kept that can be made again. */
export interface Cache {
  list(): Promise<readonly CachedItem[]>;
  /** False when it came to be used since `unlessUsedSinceMs`, Unix milliseconds, and stays. */
  evict(id: string, unlessUsedSinceMs: number): Promise<boolean>;
}

/** Caches under one limit. */
export interface CacheGroup {
  readonly caches: readonly Cache[];
  readonly limits: EvictionLimits;
}

export interface PlannedEviction {
  readonly item: CachedItem;
  /** Why it goes, for people. */
  readonly reason: string;
}

export interface EvictionResult extends PlannedEviction {
  /** `kept`: it came to be used meanwhile. */
  readonly outcome: "evicted" | "kept" | "failed";
  readonly error?: unknown;
}

export interface EvictorOptions {
  readonly groups: readonly CacheGroup[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps caches within their limits: one sweep at a time, on a timer and when it is told that something grew. */
export class Evictor {
  readonly #options: EvictorOptions;
  #sweeping: Promise<readonly EvictionResult[]> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: EvictorOptions) {
    this.#options = options;
  }

  /** What a sweep would evict now. */
  async plan(): Promise<readonly PlannedEviction[]> {
    const plans = await Promise.all(this.#options.groups.map((group) => this.#planOf(group)));
    return plans.flat().map(({ item, reason }) => ({ item, reason }));
  }

  /** One that runs already is not started anew: its result is given. What could not be evicted is in the result and in the log. */
  async sweep(): Promise<readonly EvictionResult[]> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
    return this.#sweeping;
  }

  /** Sweeps now and every `everyMs` until it is closed. */
  start(everyMs: number): void {
    this.#timer = setInterval(() => this.soon(), everyMs).unref();
    this.soon();
  }

  /** Something grew: sweeps once more, behind a sweep that runs. Never rejects. */
  soon(): void {
    if (this.#closed) return;
    if (this.#sweeping) this.#again = true;
    else void this.#untilQuiet();
  }

  /** Starts nothing any more, and resolves when the sweep that runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#sweeping?.catch(() => undefined);
  }

  async #untilQuiet(): Promise<void> {
    do {
      this.#again = false;
      await this.sweep().catch((error: unknown) => {
        this.#options.log.warn({ err: error }, "what can be evicted could not be listed");
      });
    } while (this.#again && !this.#closed);
  }

  async #sweep(): Promise<readonly EvictionResult[]> {
    const beganMs = this.#options.clock.now();
    const results: EvictionResult[] = [];
    for (const group of this.#options.groups) {
      for (const { cache, item, reason } of await this.#planOf(group)) {
        if (this.#closed) break;
        results.push({ item, reason, ...(await this.#evict(cache, item, beganMs)) });
      }
    }
    this.#report(results);
    return results;
  }

  async #evict(cache: Cache, item: CachedItem, beganMs: number): Promise<Pick<EvictionResult, "outcome" | "error">> {
    try {
      const evict = () => cache.evict(item.id, beganMs);
      const gone = await withDeadline(`evicting ${item.kind} ${item.id}`, EVICT_DEADLINE_MS, evict);
      return { outcome: gone ? "evicted" : "kept" };
    } catch (error) {
      this.#options.log.warn({ kind: item.kind, id: item.id, err: error }, "something could not be evicted");
      return { outcome: "failed", error };
    }
  }

  #report(results: readonly EvictionResult[]): void {
    const evicted = results.filter(({ outcome }) => outcome === "evicted").map(({ item }) => item);
    if (evicted.length === 0) return;
    const freed_bytes = evicted.reduce((sum, { bytes }) => sum + bytes, 0);
    const items = evicted.slice(0, 20).map(({ kind, id, bytes }) => ({ kind, id, bytes }));
    this.#options.log.info({ evicted: evicted.length, freed_bytes, items }, "evicted what was not used");
  }

  async #planOf({ caches, limits }: CacheGroup): Promise<readonly (PlannedEviction & { cache: Cache })[]> {
    const list = () => Promise.all(caches.map((cache) => cache.list()));
    const lists = await withDeadline("listing what can be evicted", LIST_DEADLINE_MS, list);
    const owner = new Map(lists.flatMap((items, index) => items.map((item) => [item, caches[index]] as const)));
    const nowMs = this.#options.clock.now();
    return chooseEvictions([...owner.keys()], limits, nowMs).flatMap((eviction) => {
      const cache = owner.get(eviction.item);
      return cache ? [{ cache, item: eviction.item, reason: reasonOf(eviction, limits, nowMs) }] : [];
    });
  }
}

const DAY_MS = 86_400_000;

function reasonOf({ item, because }: Eviction, limits: EvictionLimits, nowMs: number): string {
  const days = ((nowMs - item.lastUsedMs) / DAY_MS).toFixed(1);
  if (because === "age") return `not used for ${days} days, more than ${limits.maxAgeMs / DAY_MS}`;
  return `all are more than ${bytesInWords(limits.maxBytes)}, and it was used longest ago (${days} days)`;
}
