import { BerthError } from "../../core/errors.ts";
import type { Environment } from "../../model/environment.ts";
import type { GraderSpec } from "../../model/grader.ts";
import { FormulaError } from "./formula-error.ts";
import { parseFormula } from "./formula.ts";

/** Whether a grader's reward is what a model says. */
const isOpinion = (spec: GraderSpec): boolean => spec.type === "judge" || (spec.type === "fact_recall" && spec.judge);

/**
 * Whether an environment's graders can be told apart and its reward can be computed from them.
 * @throws BerthError `invalid_environment` naming the field: names given twice, a gate or a formula over parts that are not there, and
 * a reward that a model's opinion alone decides, unless `reward.judge_only` says so
 */
export function checkReward({ graders, reward }: Pick<Environment, "graders" | "reward">): void {
  const names = graders.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw refused(`graders: two of them are named ${twice}`, "Give each grader a name of its own.");
  const gates = reward?.gates ?? [];
  const strange = gates.find((gate) => !names.includes(gate));
  if (strange !== undefined) throw refused(`reward.gates: there is no part ${strange}`, partsRemedy(names));
  const named = reward?.formula === undefined ? names : partsOf(reward.formula, names);
  const deciding = graders.filter(({ name }) => named.includes(name) || gates.includes(name));
  if (deciding.length === 0 || reward?.judge_only === true) return;
  if (deciding.every(isOpinion))
    throw refused(
      `reward: only a model's opinion (${deciding.map(({ name }) => name).join(", ")}) would decide it`,
      "Add a grader that measures, as a gate or in the formula; or set reward.judge_only: true.",
    );
}

function partsOf(formula: string, names: readonly string[]): readonly string[] {
  try {
    const { parts } = parseFormula(formula, names);
    if (parts.length > 0) return parts;
  } catch (thrown) {
    if (thrown instanceof FormulaError) throw refused(`reward.formula: ${thrown.message}`, partsRemedy(names));
    throw thrown;
  }
  throw refused("reward.formula: it names no part, so that every rollout would earn the same", partsRemedy(names));
}

const partsRemedy = (names: readonly string[]): string =>
  `The parts are the names of the environment's graders: ${names.length === 0 ? "it has none" : names.join(", ")}.`;

const refused = (message: string, remedy: string): BerthError =>
  new BerthError("invalid_environment", `${message}.`, { remedy });
