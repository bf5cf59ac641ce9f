/** What a series of measurements came to, all in its own unit. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
}

/** The smallest value that at least `part` of all values do not exceed (nearest rank); `part` from 0 to 1. Of no values, NaN. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

export const summarise = (values: readonly number[]): Summary => ({
  count: values.length,
  median: percentile(values, 0.5),
  p95: percentile(values, 0.95),
  p99: percentile(values, 0.99),
});
