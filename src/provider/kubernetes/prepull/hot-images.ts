/** When each image was last asked for, in Unix milliseconds. */
export type LastUsed = Readonly<Record<string, number>>;

/** Which images are asked for these days, by this controller and by those whose account is merged in. */
export class HotImages {
  readonly #used = new Map<string, number>();

  use(image: string, atMs: number): void {
    this.#used.set(image, Math.max(atMs, this.#used.get(image) ?? 0));
  }

  merge(others: LastUsed): void {
    for (const [image, atMs] of Object.entries(others)) this.use(image, atMs);
  }

  /** The `most` that were used last, none before `sinceMs`; all others are forgotten. */
  hottest(most: number, sinceMs: number): LastUsed {
    const kept = [...this.#used]
      .filter(([, atMs]) => atMs >= sinceMs)
      .toSorted(([a, at], [b, bt]) => bt - at || (a < b ? -1 : 1))
      .slice(0, most);
    this.#used.clear();
    for (const [image, atMs] of kept) this.#used.set(image, atMs);
    return Object.fromEntries(kept);
  }
}
