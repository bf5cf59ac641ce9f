import type { EvidenceRow } from "../../src/core/evidence.ts";
import { faultNames } from "./faults.ts";
import type { Planted } from "./planted.ts";
import { ruleNames, rules } from "./rules.ts";
import type { Outcome } from "./simulate.ts";

/** Fewer worlds may happen to lack a fault. */
const ENOUGH_FOR_EVERY_FAULT = 500;

export const sumOf = (outcomes: readonly Outcome[], name: string): number =>
  outcomes.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);

/** One for each rule: in how many worlds it was broken. */
export const ruleRows = (outcomes: readonly Outcome[]): EvidenceRow[] =>
  ruleNames.map((name) => {
    const broken = outcomes.filter(({ violations }) => violations.some(({ rule }) => rule === name));
    return {
      case: rules[name],
      backend: null,
      result: broken.length === 0 ? "held" : `broken by ${broken.length}, first by seed ${broken[0]?.seed}`,
      expected: "held",
      ok: broken.length === 0,
      seeds: outcomes.length,
    };
  });

/** That everything which can go wrong did. */
export function faultRows(outcomes: readonly Outcome[]): EvidenceRow[] {
  const times = Object.fromEntries(
    faultNames.map((name) => [name, outcomes.reduce((sum, { faults }) => sum + (faults[name] ?? 0), 0)]),
  );
  const never = faultNames.filter((name) => times[name] === 0);
  const controllers = sumOf(outcomes, "lives") - outcomes.length;
  return [
    {
      case: `${faultNames.length} kinds of faults happen, and controllers are killed`,
      backend: null,
      result: never.length === 0 ? "all of them" : `never: ${never.join(", ")}`,
      expected: "all of them",
      ok: outcomes.length < ENOUGH_FOR_EVERY_FAULT || (never.length === 0 && controllers > 0),
      faults: times,
      killed: sumOf(outcomes, "killed"),
    },
  ];
}

export function replayRow(same: readonly boolean[]): EvidenceRow {
  const differ = same.filter((one) => !one).length;
  return {
    case: `${same.length} seeds, played again, take the same steps`,
    backend: null,
    result: differ === 0 ? "the same" : `${differ} differ`,
    expected: "the same",
    ok: same.length > 0 && differ === 0,
  };
}

export function plantedRow({ name }: Planted, found: Outcome | undefined, within: number): EvidenceRow {
  return {
    case: `planted: ${name}`,
    backend: null,
    result: found ? `found by seed ${found.seed}` : `not found by ${within} seeds`,
    expected: `found within ${within} seeds`,
    ok: found !== undefined,
    ...(found ? { seed: found.seed, what: found.violations.map(({ what }) => what) } : {}),
  };
}
