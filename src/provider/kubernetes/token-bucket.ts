import type { Clock } from "../../core/clock.ts";

/** Lets `burst` through at once after a pause and `perSecond` from then on, in the order in which they came. */
export class TokenBucket {
  readonly #everyMs: number;
  readonly #ahead: number;
  readonly #clock: Pick<Clock, "monotonic" | "sleep">;
  /** When the last one that came may go, had there been no burst. */
  #last = -Infinity;

  constructor(options: { perSecond: number; burst: number; clock: Pick<Clock, "monotonic" | "sleep"> }) {
    this.#everyMs = 1000 / options.perSecond;
    this.#ahead = (options.burst - 1) * this.#everyMs;
    this.#clock = options.clock;
  }

  /** Resolves when it is this one's turn. One that is called off has had its turn. */
  async take(signal?: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const turn = Math.max(now, this.#last + this.#everyMs);
    this.#last = turn;
    const waitMs = turn - this.#ahead - now;
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
  }
}
