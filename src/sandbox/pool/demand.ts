/** Sandboxes that are asked for within so long are asked for together: a trainer starts a whole batch at once. */
const TOGETHER_MS = 5_000;
/** A training step comes again within this time, or the training is over. */
const REMEMBERED_MS = 10 * 60_000;

/** How many sandboxes of one kind were lately asked for at once. */
export class Demand {
  /** Number of the time slot → how many. */
  readonly #slots = new Map<number, number>();

  /** @param now milliseconds on any steady clock */
  note(now: number): void {
    const slot = Math.floor(now / TOGETHER_MS);
    this.#slots.set(slot, (this.#slots.get(slot) ?? 0) + 1);
  }

  /** The largest number of the last minutes; 0 when there was but one in all, which foretells nothing. */
  peak(now: number): number {
    const oldest = Math.floor((now - REMEMBERED_MS) / TOGETHER_MS);
    for (const slot of this.#slots.keys()) if (slot < oldest) this.#slots.delete(slot);
    let sum = 0;
    let most = 0;
    for (const count of this.#slots.values()) {
      sum += count;
      most = Math.max(most, count);
    }
    return sum < 2 ? 0 : most;
  }
}
