import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Store } from "./store.ts";

const DAY_MS = 86_400_000;
/** Rollouts whose records go together: those of a few take no longer than other writes can wait. */
const MOST_TOGETHER = 20;
const MOST_ENTRIES = 500;

export interface RetentionOptions {
  readonly store: Store;
  /** How long the records of a rollout are kept after its end; 0: for ever. */
  readonly days: number;
  /** How long an entry of the audit log is kept; 0: for ever. */
  readonly auditDays: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Removes what rollouts left in the store, a while after they ended, and old entries of the audit log: one sweep at a time, on a timer and when it is told. */
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
    const { store, auditDays, log } = this.#options;
    const removed = await this.#inBatches(this.days, MOST_TOGETHER, (before, most) =>
      store.removeEndedBefore(before, most),
    );
    if (removed > 0) log.info({ rollouts: removed, ended_before: this.#limit() }, "removed old records");
    const entries = await this.#inBatches(auditDays, MOST_ENTRIES, (before, most) =>
      store.audit.removeBefore(before, most),
    );
    if (entries > 0) log.info({ entries }, "removed old entries of the audit log");
    return removed;
  }

  async #inBatches(
    days: number,
    most: number,
    remove: (before: string, most: number) => Promise<number>,
  ): Promise<number> {
    if (days === 0) return 0;
    const before = this.#limit(days);
    let removed = 0;
    for (let batch = most; batch === most && !this.#closed;) {
      batch = await remove(before, most);
      removed += batch;
    }
    return removed;
  }

  #limit(days = this.days): string {
    return new Date(this.#options.clock.now() - days * DAY_MS).toISOString();
  }
}
