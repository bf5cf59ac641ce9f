import { sleepBy, type Clock } from "../../src/core/clock.ts";

interface Alarm {
  readonly atMs: number;
  /** Of alarms at one time, the one that was set first goes off first. */
  readonly order: number;
  readonly due: () => void;
}

/** An arbitrary day, so that timestamps are the same in every run. */
const BEGINNING_MS = Date.UTC(2030, 0, 1);

/** Time that passes only when everybody waits for it: a simulated day costs what happens in it. */
export class VirtualClock implements Clock {
  #elapsedMs = 0;
  #set = 0;
  /** The next one last. */
  readonly #alarms: Alarm[] = [];

  now(): number {
    return BEGINNING_MS + Math.floor(this.#elapsedMs);
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  /** Alarms that have neither gone off nor been disposed of. */
  get pending(): number {
    return this.#alarms.length;
  }

  alarm(ms: number, due: () => void): Disposable {
    const alarm = { atMs: this.#elapsedMs + Math.max(0, ms), order: this.#set++, due };
    this.#alarms.splice(this.#placeOf(alarm), 0, alarm);
    return {
      [Symbol.dispose]: () => {
        const at = this.#placeOf(alarm);
        if (this.#alarms[at] === alarm) this.#alarms.splice(at, 1);
      },
    };
  }

  readonly sleep = sleepBy((ms, due) => this.alarm(ms, due));

  /**
   * Lets time pass until the work is done. Gives whether it was within `mostMs`; when nothing is left that could ever happen, it was not.
   */
  async passUntil(work: Promise<unknown>, mostMs: number): Promise<boolean> {
    let over = false;
    const end = () => (over = true);
    work.then(end, end);
    const giveUpAtMs = this.#elapsedMs + mostMs;
    for (;;) {
      await everyoneWaits();
      if (over) return true;
      const next = this.#alarms.pop();
      if (!next || next.atMs > giveUpAtMs) return false;
      this.#elapsedMs = next.atMs;
      next.due();
    }
  }

  /** The alarms are kept from the last to the next; this is where one is, or belongs. */
  #placeOf({ atMs, order }: Alarm): number {
    let low = 0;
    let high = this.#alarms.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#alarms[middle];
      if (other && (other.atMs > atMs || (other.atMs === atMs && other.order > order))) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Promises that can go on have gone on: what is simulated waits for nothing but this clock and the turns of the event loop. */
const everyoneWaits = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
