import { systemClock } from "../../src/core/clock.ts";

/** Requests that change something, at most so many a second; who comes too early waits for its turn. */
export class WriteBudget {
  readonly #everyMs: number;
  /** On the monotonic clock. */
  #nextMs = 0;
  spent = 0;

  constructor(perSecond: number) {
    this.#everyMs = 1_000 / perSecond;
  }

  async spend(signal?: AbortSignal): Promise<void> {
    const now = systemClock.monotonic();
    const turn = Math.max(now, this.#nextMs);
    this.#nextMs = turn + this.#everyMs;
    this.spent++;
    if (turn > now) await systemClock.sleep(turn - now, signal);
  }
}
