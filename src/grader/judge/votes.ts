import { BerthError } from "../../core/errors.ts";

/**
 * Asks until `count` replies are of use, `count` times at once at first and at most `count` times more.
 * @throws BerthError `grader_failed` when too few are; what `ask` throws, and then the others are called off
 */
export async function collectVotes<Vote>(
  count: number,
  ask: (signal: AbortSignal) => Promise<Vote | undefined>,
  signal: AbortSignal,
): Promise<{ votes: Vote[]; unusable: number }> {
  const all = new AbortController();
  const within = AbortSignal.any([signal, all.signal]);
  const votes: Vote[] = [];
  let left = 2 * count;
  try {
    while (votes.length < count) {
      const round = Math.min(count - votes.length, left);
      if (round === 0)
        throw new BerthError(
          "grader_failed",
          `Of ${2 * count} replies of the judge ${votes.length} are of use, and ${count} are needed.`,
          {
            remedy: "Choose a judge_model that keeps to a JSON schema.",
          },
        );
      left -= round;
      const replies = await Promise.all(Array.from({ length: round }, () => ask(within)));
      votes.push(...replies.filter((vote) => vote !== undefined));
    }
  } catch (thrown) {
    all.abort(thrown);
    throw thrown;
  }
  return { votes, unusable: 2 * count - left - count };
}
