import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Store } from "./store.ts";

const DAY_MS = 86_400_000;
/** Rollouts whose records go together: those of a few take no longer than other writes can wait. */
const MOST_TOGETHER = 20;

export interface RetentionOptions {
  readonly store: Store;
  /** How long the records of a rollout are kept after its end; 0: for ever. */
  readonly days: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Removes what rollouts left in the store, a while after they ended: one sweep at a time, on a timer and when it is told. */
export class Retention {
  readonly #options: RetentionOptions;
  #sweeping: Promise<number> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  get days(): number {
    return this.#options.days;
  }

  /** How many rollouts a sweep would remove now. @throws BerthError `storage_failed` */
  async due(): Promise<number> {
    return this.days === 0 ? 0 : await this.#options.store.countEndedBefore(this.#limit());
  }

  /** Gives how many rollouts were removed. One that runs already is not started anew. @throws BerthError `storage_failed` */
  async sweep(): Promise<number> {
    if (this.days === 0) return 0;
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
    return this.#sweeping;
  }

  /** Sweeps now and every `everyMs` until it is closed. */
  start(everyMs: number): void {
    const sweep = () =>
      void this.sweep().catch((error: unknown) => {
        this.#options.log.warn({ err: error }, "records of rollouts that ended long ago could not be removed");
      });
    this.#timer = setInterval(sweep, everyMs).unref();
    sweep();
  }

  /** Starts nothing any more, and resolves when what is being removed is. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#sweeping?.catch(() => undefined);
  }

  async #sweep(): Promise<number> {
    const before = this.#limit();
    let removed = 0;
    for (let batch = MOST_TOGETHER; batch === MOST_TOGETHER && !this.#closed;) {
      batch = await this.#options.store.removeEndedBefore(before, MOST_TOGETHER);
      removed += batch;
    }
    if (removed > 0) this.#options.log.info({ rollouts: removed, ended_before: before }, "removed old records");
    return removed;
  }

  #limit(): string {
    return new Date(this.#options.clock.now() - this.days * DAY_MS).toISOString();
  }
}
