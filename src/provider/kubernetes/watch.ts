import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError, toBerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { ApiServer } from "./api-server.ts";
import type { ApiObject, Collection } from "./collection.ts";
import { deadlines } from "./deadlines.ts";
import { jsonLines } from "./json-lines.ts";
import { ApiRefusal, isExpired } from "./refusal.ts";

/** The API server ends a watch after so long, and it goes on from where it was. */
const watchSeconds = 290;
/** Bookmarks come every minute: a connection on which nothing came for so long leads nowhere. */
const silenceMs = 90_000;
const firstPauseMs = 100;
const longestPauseMs = 10_000;

interface WatchEvent<T> {
  readonly type?: string;
  readonly object?: T & { readonly code?: number };
}

export interface WatchParts<T extends ApiObject> {
  readonly api: ApiServer;
  readonly collection: Collection<T>;
  readonly selector: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * What the API server has of some objects of one kind, kept up to date by one watch: it goes on from the version that it has seen when it breaks off, and lists anew when that
 * is forgotten. Whatever came while it was broken off is seen afterwards, at least as it is then.
 */
export class Watch<T extends ApiObject> {
  readonly #parts: WatchParts<T>;
  readonly #known = new Map<string, T>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #closed = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #lastFailure: unknown;

  constructor(parts: WatchParts<T>) {
    this.#parts = parts;
    // Whoever waits for it has a deadline of his own.
    this.#synced.promise.catch(() => undefined);
    void this.#run();
  }

  /**
   * Resolves when what there was has been listed once.
   * @throws BerthError `provider_unavailable` after a minute, with the reason of the last attempt
   */
  async synced(signal?: AbortSignal): Promise<void> {
    if (this.#isSynced) return;
    try {
      await withDeadline(
        `the first list of ${this.#parts.collection.what}`,
        deadlines.sync,
        () => this.#synced.promise,
        {
          parent: signal,
          code: "provider_unavailable",
          clock: this.#parts.clock,
        },
      );
    } catch (thrown) {
      if (signal?.aborted || this.#lastFailure === undefined) throw thrown;
      const { message: reason } = toBerthError(this.#lastFailure);
      throw new BerthError("provider_unavailable", `The ${this.#parts.collection.what} cannot be listed: ${reason}`, {
        cause: this.#lastFailure,
      });
    }
  }

  get(name: string): T | undefined {
    return this.#known.get(name);
  }

  all(): readonly T[] {
    return [...this.#known.values()];
  }

  /** Takes in that the API server has no such object. */
  forget(name: string, uid: string | undefined): void {
    if (uid !== undefined && this.#known.get(name)?.metadata?.uid === uid) this.#put(name, undefined);
  }

  /** Resolves with the first answer of `look` that is not undefined; it looks now and whenever the object of that name changes. `look` may throw. */
  async until<R>(name: string, look: (object: T | undefined) => R | undefined, signal: AbortSignal): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const check = () => {
      try {
        const found = look(this.#known.get(name));
        if (found !== undefined) resolve(found);
      } catch (thrown) {
        reject(thrown);
      }
    };
    const giveUp = () => reject(signal.reason);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(check));
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      if (signal.aborted) giveUp();
      else check();
      return await promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
      listeners.delete(check);
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name);
    }
  }

  close(): void {
    this.#closed.abort(new BerthError("shutting_down", "The provider is closed."));
    this.#synced.reject(this.#closed.signal.reason);
  }

  async #run(): Promise<void> {
    const { collection, clock, log } = this.#parts;
    const { signal } = this.#closed;
    let version: string | undefined;
    for (let pauseMs = 0; !signal.aborted;) {
      try {
        await clock.sleep(pauseMs, signal);
        version ??= await this.#relist(signal);
        const from = version;
        version = await this.#follow(from, signal, (seen) => (version = seen));
        pauseMs = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        this.#lastFailure = thrown;
        if (isExpired(thrown)) {
          version = undefined;
          pauseMs = firstPauseMs;
          continue;
        }
        pauseMs = Math.min(Math.max(pauseMs * 2, firstPauseMs), longestPauseMs);
        log.warn({ err: thrown, pauseMs }, `the watch of the ${collection.what} broke off`);
      }
    }
  }

  async #relist(signal: AbortSignal): Promise<string> {
    const { collection, selector } = this.#parts;
    const { items, version } = await collection.list(selector, signal);
    const now = new Map(items.flatMap((object) => (object.metadata?.name ? [[object.metadata.name, object]] : [])));
    for (const name of this.#known.keys()) if (!now.has(name)) this.#put(name, undefined);
    for (const [name, object] of now) this.#put(name, object);
    this.#isSynced = true;
    this.#synced.resolve();
    return version;
  }

  /** Resolves with the last version when the API server ends the watch. */
  async #follow(from: string, signal: AbortSignal, onVersion: (version: string) => void): Promise<string> {
    const { api, collection, selector, clock } = this.#parts;
    const silent = new AbortController();
    const end = () => silent.abort(signal.reason);
    signal.addEventListener("abort", end, { once: true });
    const listen = () =>
      clock.alarm(silenceMs, () => silent.abort(new Error(`nothing came for ${silenceMs} ms`)), { background: true });
    let alarm = listen();
    let version = from;
    try {
      const stream = await api.stream(
        {
          what: `watch ${collection.what}`,
          method: "GET",
          path: collection.path,
          query: {
            watch: "true",
            labelSelector: selector,
            resourceVersion: from,
            allowWatchBookmarks: "true",
            timeoutSeconds: watchSeconds,
          },
        },
        silent.signal,
      );
      for await (const line of jsonLines(stream)) {
        alarm[Symbol.dispose]();
        alarm = listen();
        version = this.#take(line as WatchEvent<T>) ?? version;
        onVersion(version);
      }
      return version;
    } catch (thrown) {
      throw silent.signal.aborted ? silent.signal.reason : thrown;
    } finally {
      alarm[Symbol.dispose]();
      signal.removeEventListener("abort", end);
    }
  }

  /** The version that the event names. @throws ApiRefusal when it is an error */
  #take({ type, object }: WatchEvent<T>): string | undefined {
    if (type === "ERROR") throw new ApiRefusal(`watch ${this.#parts.collection.what}`, object?.code ?? 0, object);
    const name = object?.metadata?.name;
    if (name !== undefined && (type === "ADDED" || type === "MODIFIED")) this.#put(name, object);
    if (name !== undefined && type === "DELETED") this.#put(name, undefined);
    return object?.metadata?.resourceVersion;
  }

  #put(name: string, object: T | undefined): void {
    if (object === undefined) this.#known.delete(name);
    else {
      // Nobody reads who wrote which field, and it is half of the object.
      delete object.metadata?.managedFields;
      this.#known.set(name, object);
    }
    for (const listener of this.#listeners.get(name) ?? []) listener();
  }
}
