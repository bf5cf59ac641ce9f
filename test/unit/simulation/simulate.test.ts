import { describe, expect, test } from "vitest";
import { planted } from "../../simulation/planted.ts";
import { simulate } from "../../simulation/simulate.ts";

/** Some worlds; `make simulate` plays thousands. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const FOUND_WITHIN = 40;

describe("a simulated world", () => {
  test.for(SEEDS)("is in order whatever goes wrong in it: seed %i", async (seed) => {
    const { violations, counts } = await simulate(seed);
    expect(violations).toEqual([]);
    expect(counts["rollouts"]).toBeGreaterThan(0);
  });

  test.for(SEEDS)("takes the same steps each time that its seed is played: seed %i", async (seed) => {
    const [first, second] = [await simulate(seed), await simulate(seed)];
    expect(second).toEqual(first);
  });

  test("is another one for another seed", async () => {
    const digests = new Set<string>();
    for (const seed of SEEDS) digests.add((await simulate(seed)).digest);
    expect(digests.size).toBe(SEEDS.length);
  });
});

describe("a mistake", () => {
  test.for(planted)("is found within 40 seeds: $name", { timeout: 30_000 }, async ({ rules, changes }) => {
    for (let seed = 1; seed <= FOUND_WITHIN; seed++) {
      const { violations } = await simulate(seed, { changes: changes() });
      if (violations.some(({ rule }) => rules.includes(rule))) return;
    }
    expect.unreachable(`no seed of ${FOUND_WITHIN} found it`);
  });
});
