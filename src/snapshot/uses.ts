import { utimes, stat } from "node:fs/promises";
import { withDeadline } from "../core/deadline.ts";

/** A file is touched at most once in this time, and that often while its thing is held. */
const TOUCH_PAUSE_MS = 60_000;
const WAIT_FOR_HOLDERS_MS = 600_000;

/**
 * Who uses what is kept on the disk. Within this process exact: nothing is removed that is held, and nothing can be held
 * while it is removed. For later processes, and others beside this one, the time of the last use is a file's mtime, right to a minute.
 */
export class Uses {
  readonly #fileOf: (id: string) => string;
  readonly #holders = new Map<string, { count: number; readonly free: PromiseWithResolvers<void> }>();
  /** Unix milliseconds. */
  readonly #used = new Map<string, number>();
  readonly #touched = new Map<string, number>();
  readonly #removals = new Map<string, Promise<unknown>>();
  #heartbeat: NodeJS.Timeout | undefined;

  /** `fileOf`: a file that exists as long as the thing does. */
  constructor(fileOf: (id: string) => string) {
    this.#fileOf = fileOf;
  }

  /** Waits for a removal that is under way; from then on until its disposal nothing removes the thing. */
  async hold(id: string): Promise<Disposable> {
    for (let removal = this.#removals.get(id); removal; removal = this.#removals.get(id)) await removal;
    return this.extend(id);
  }

  /** A hold of its own for work that starts under someone's hold and may outlast it. */
  extend(id: string): Disposable {
    const holders = this.#holders.get(id) ?? { count: 0, free: Promise.withResolvers<void>() };
    this.#holders.set(id, holders);
    holders.count++;
    this.#note(id);
    this.#heartbeat ??= setInterval(() => this.#beat(), TOUCH_PAUSE_MS).unref();
    let over = false;
    return {
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        this.#release(id);
      },
    };
  }

  isHeld(id: string): boolean {
    return this.#holders.has(id);
  }

  /** Unix milliseconds; undefined when there is no such thing. */
  async lastUsedMs(id: string): Promise<number | undefined> {
    if (this.isHeld(id)) return Date.now();
    const file = await stat(this.#fileOf(id)).catch(() => undefined);
    const known = this.#used.get(id);
    return file === undefined ? known : Math.max(file.mtimeMs, known ?? 0);
  }

  /** Removes the thing unless it is held or was used since; gives whether it did. */
  async removeUnused(id: string, unlessUsedSinceMs: number, remove: () => Promise<void>): Promise<boolean> {
    if (this.isHeld(id) || this.#removals.has(id)) return false;
    return this.#excluding(id, async () => {
      if (((await this.lastUsedMs(id)) ?? 0) >= unlessUsedSinceMs) return false;
      await remove();
      return true;
    });
  }

  /** Removes the thing once those who hold it let go; whoever comes after waits. @throws BerthError `deadline_exceeded` after 10 minutes */
  async removeWhenFree(id: string, remove: () => Promise<void>): Promise<void> {
    for (let removal = this.#removals.get(id); removal; removal = this.#removals.get(id)) await removal;
    await this.#excluding(id, async () => {
      const free = this.#holders.get(id)?.free.promise ?? Promise.resolve();
      await withDeadline(`waiting for what uses ${id}`, WAIT_FOR_HOLDERS_MS, () => free);
      await remove();
    });
  }

  #excluding<T>(id: string, work: () => Promise<T>): Promise<T> {
    const removal = work().finally(() => this.#removals.delete(id));
    // Those who wait only want it to be over.
    const over = removal.then(nothing, nothing);
    this.#removals.set(id, over);
    return removal.then((result) => {
      if (result !== false) for (const times of [this.#used, this.#touched]) times.delete(id);
      return result;
    });
  }

  #release(id: string): void {
    this.#note(id);
    const holders = this.#holders.get(id);
    if (!holders || --holders.count > 0) return;
    this.#holders.delete(id);
    holders.free.resolve();
    if (this.#holders.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  #note(id: string): void {
    const now = Date.now();
    this.#used.set(id, now);
    if (now - (this.#touched.get(id) ?? 0) >= TOUCH_PAUSE_MS) this.#touch(id, now);
  }

  #beat(): void {
    for (const id of this.#holders.keys()) this.#touch(id, Date.now());
  }

  /** Nobody waits for it, and a file that is not there yet is new when it comes. */
  #touch(id: string, nowMs: number): void {
    this.#touched.set(id, nowMs);
    void utimes(this.#fileOf(id), nowMs / 1000, nowMs / 1000).catch(nothing);
  }
}

const nothing = (): undefined => undefined;
