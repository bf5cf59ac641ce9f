import type { Tally } from "../soak/tally.ts";

const deadlineMs = 180_000;

/** Resolves when so many rollouts were played to their end. @throws Error after three minutes */
export async function untilPlayed(tally: Tally, rollouts: number): Promise<void> {
  const giveUpAt = Date.now() + deadlineMs;
  while (tally.rollouts < rollouts) {
    if (Date.now() > giveUpAt) throw new Error(`Only ${tally.rollouts} rollouts were played, not ${rollouts}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
