/** Below this a kernel counts as no faster: timing of the same program differs by as much. */
const leastGain = 1.05;

/**
 * What a correct kernel earns: `correct` when it is no faster, 1 from `target` on, and between them the logarithm, so that
 * each doubling is worth the same.
 */
export function shapedReward(speedup: number, { target, correct }: { target: number; correct: number }): number {
  if (!(speedup >= leastGain)) return correct;
  const share = Math.min(1, Math.log(speedup) / Math.log(target));
  return correct + (1 - correct) * share;
}

/** @throws RangeError of nothing */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear between neighbours. @throws RangeError of nothing */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) throw new RangeError("a quantile needs values");
  return low + (high - low) * (at - Math.floor(at));
}

export interface Timing {
  readonly speedup: number;
  /** How far the middle half of the reference's times lie apart, as a share of their median. */
  readonly noise: number;
}

/**
 * The ratio of what two programs work, both without what any such program spends. Undefined while it looks like a gain and
 * the times are too mixed to prove one.
 */
export function timingOf(times: {
  readonly candidateMs: readonly number[];
  readonly referenceMs: readonly number[];
  readonly idleMs: readonly number[];
}): { readonly speedup: number | undefined; readonly noise: number } {
  const idle = Math.min(...times.idleMs);
  const reference = times.referenceMs.map((ms) => ms - idle);
  const candidate = times.candidateMs.map((ms) => ms - idle);
  const typical = median(reference);
  const noise = (quantile(reference, 0.75) - quantile(reference, 0.25)) / typical;
  // Nobody works in no time: what a kernel saves of the program around it is not its own.
  const least = Math.max(typical / 1000, idle * 0.02);
  const speedup = typical / Math.max(median(candidate), least);
  return { speedup: speedup < leastGain || surelyFaster(candidate, reference) ? speedup : undefined, noise };
}

/** Deviations of Mann and Whitney's U. Programs of equal speed look as different once in 2,000 measurements. */
const proof = 3.3;

/** Whether ranks alone say so: they do not depend on how a busy machine spreads the times. */
function surelyFaster(candidate: readonly number[], reference: readonly number[]): boolean {
  const [n, m] = [candidate.length, reference.length];
  const lost = candidate.flatMap((mine) => reference.filter((other) => mine >= other)).length;
  const deviation = Math.sqrt((n * m * (n + m + 1)) / 12);
  return ((n * m) / 2 - lost - 0.5) / deviation >= proof;
}

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
