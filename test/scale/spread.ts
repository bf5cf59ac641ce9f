import type { Spread } from "./measured.ts";

/** The 99th percentile of the standard normal distribution. */
const Z99 = 2.326;

/** Draws times of a log-normal distribution with this median and this 99th percentile. `random` gives numbers from 0 to 1. */
export function drawTimes({ p50, p99 }: Spread, random: () => number = Math.random): () => number {
  const sigma = Math.log(p99 / p50) / Z99;
  return () => {
    const [u, v] = [1 - random(), random()];
    const normal = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
    return p50 * Math.exp(sigma * normal);
  };
}

/** The value below which this share of them lies; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
