import type { Clock } from "../../core/clock.ts";

/** How many of the latest events count. */
const MOST_KEPT = 64;
/** Before so much time and so few events nothing is known. */
const LEAST_MS = 1_000;
const LEAST_EVENTS = 8;

/** How fast something goes on while somebody waits for it: time in which nobody waits says nothing of how fast it could go. */
export class BusyRate {
  readonly #clock: Pick<Clock, "monotonic">;
  /** Time in which somebody waited. */
  #busyMs = 0;
  #busySince: number | undefined;
  /** In busy time, oldest first. */
  readonly #events: number[] = [0];

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Whether somebody waits from now on. */
  busy(is: boolean): void {
    this.#busyMs = this.#now();
    this.#busySince = is ? this.#clock.monotonic() : undefined;
  }

  /** It went on by one. */
  note(): void {
    if (this.#events.length === MOST_KEPT) this.#events.shift();
    this.#events.push(this.#now());
  }

  /** Events a second, the one that may come now among them; undefined while too little is known. */
  perSecond(): number | undefined {
    const [first = 0] = this.#events;
    const ms = this.#now() - first;
    if (ms < LEAST_MS && this.#events.length < LEAST_EVENTS) return undefined;
    return (1000 * this.#events.length) / Math.max(ms, 1);
  }

  #now(): number {
    return this.#busyMs + (this.#busySince === undefined ? 0 : this.#clock.monotonic() - this.#busySince);
  }
}
