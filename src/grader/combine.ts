import type { VerdictPart } from "../model/verdict.ts";

/** The reward of a rollout is its weakest part's, so that no part makes up for another. @throws RangeError without parts */
export function combineRewards(parts: readonly Pick<VerdictPart, "reward">[]): number {
  if (parts.length === 0) throw new RangeError("a reward needs at least one part");
  return Math.min(...parts.map(({ reward }) => reward));
}
