/** What a kind of sandbox would like to have ready. */
export interface Wish {
  readonly key: string;
  /** At least, whatever was asked for lately. */
  readonly min: number;
  readonly wanted: number;
  /** When it was last asked for; the latest comes first. */
  readonly lastAskedAt: number;
}

/** How many of each kind to have ready, at most `limit` together: what was promised first, then what was asked for last. */
export function shares(wishes: readonly Wish[], limit: number): Map<string, number> {
  const given = new Map<string, number>();
  let left = limit;
  const latestFirst = wishes.toSorted((a, b) => b.lastAskedAt - a.lastAskedAt);
  const give = (key: string, upTo: number) => {
    const more = Math.min(left, Math.max(0, upTo - (given.get(key) ?? 0)));
    given.set(key, (given.get(key) ?? 0) + more);
    left -= more;
  };
  for (const { key, min } of latestFirst) give(key, min);
  for (const { key, wanted } of latestFirst) give(key, wanted);
  return given;
}
