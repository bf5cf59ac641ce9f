import { BerthError } from "../../core/errors.ts";
import type { RewardRule } from "../../model/graders/reward.ts";
import type { VerdictPart } from "../../model/verdict.ts";
import { parseFormula } from "./formula.ts";

type Part = Pick<VerdictPart, "name" | "reward">;

export interface Combined {
  readonly reward: number;
  /** Why it is that, in one sentence. */
  readonly decision: string;
}

/**
 * The reward of a rollout. A closed gate makes it 0 before any formula is asked; without a formula it is the weakest part's,
 * so that no part makes up for another.
 * @throws RangeError without parts; BerthError `invalid_environment` when the formula has no finite result for these parts
 */
export function combineRewards(parts: readonly Part[], rule?: RewardRule): Combined {
  const [first, ...others] = parts;
  if (first === undefined) throw new RangeError("a reward needs at least one part");
  const closed = parts.filter(({ name, reward }) => rule?.gates.includes(name) && !(reward > 0));
  if (closed.length > 0) {
    const names = closed.map(({ name }) => name).join(", ");
    return { reward: 0, decision: `A gate is closed, so nothing else counts: ${names} at 0.` };
  }
  if (rule?.formula !== undefined) return { reward: computed(rule.formula, parts), decision: `By ${rule.formula}.` };
  const weakest = others.reduce((lowest, part) => (part.reward < lowest.reward ? part : lowest), first);
  const decision = parts.length === 1 ? `By ${first.name} alone.` : `By the weakest part, ${weakest.name}.`;
  return { reward: weakest.reward, decision };
}

function computed(text: string, parts: readonly Part[]): number {
  const rewards = new Map(parts.map(({ name, reward }) => [name, reward]));
  const formula = parseFormula(text, [...rewards.keys()]);
  const reward = formula.evaluate(rewards);
  // No negative zero: it is written as 0 and would differ from what is read again.
  if (Number.isFinite(reward)) return reward + 0;
  const given = formula.parts.map((name) => `${name} = ${rewards.get(name)}`).join(", ");
  throw new BerthError("invalid_environment", `reward.formula has no finite value (${reward}) for ${given}: ${text}`, {
    remedy:
      "Change reward.formula so that it is a number for all rewards of its parts, or make the part that it fails for a gate.",
  });
}
