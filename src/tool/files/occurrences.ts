/** Bytes of a text, or numbers that stand for its lines. */
export type Sequence = ArrayLike<number>;

/** The longest beginning of the needle that was seen: `length` elements at `at`. */
export interface PartialMatch {
  readonly at: number;
  readonly length: number;
}

/**
 * Visits every occurrence of `needle` from `from` on, overlapping ones too, until `visit` returns false. Takes time linear
 * in both lengths whatever they hold (Knuth, Morris, Pratt): `Buffer.indexOf` does not. An empty needle occurs nowhere.
 */
export function findOccurrences(
  haystack: Sequence,
  needle: Sequence,
  from: number,
  visit: (at: number) => boolean,
): PartialMatch {
  const size = needle.length;
  let best: PartialMatch = { at: from, length: 0 };
  if (size === 0) return best;
  const failure = failureTable(needle);
  let matched = 0;
  for (let index = from; index < haystack.length; index += 1) {
    const element = haystack[index];
    while (matched > 0 && needle[matched] !== element) matched = failure[matched - 1] ?? 0;
    if (needle[matched] === element) matched += 1;
    if (matched > best.length) best = { at: index - matched + 1, length: matched };
    if (matched === size) {
      if (!visit(index - size + 1)) return best;
      matched = failure[size - 1] ?? 0;
    }
  }
  return best;
}

function failureTable(needle: Sequence): Int32Array {
  const table = new Int32Array(needle.length);
  let matched = 0;
  for (let index = 1; index < needle.length; index += 1) {
    while (matched > 0 && needle[matched] !== needle[index]) matched = table[matched - 1] ?? 0;
    if (needle[matched] === needle[index]) matched += 1;
    table[index] = matched;
  }
  return table;
}
