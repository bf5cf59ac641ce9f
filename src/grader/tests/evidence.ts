import type { PartResult } from "../grader.ts";
import type { Decision } from "./decide.ts";
import type { RunPlan } from "./framework.ts";
import { commandEvidence } from "../clean-run/evidence.ts";
import type { CommandRun } from "../clean-run/run-command.ts";

/** Named one by one in a verdict; counts tell the rest. */
const mostNamed = 50;

/** What a run said and did, for people: bounded, and never what decides. */
export function runEvidence({ result }: CommandRun, plan: RunPlan, decision: Decision): PartResult["evidence"] {
  return {
    ...commandEvidence(result),
    counts: decision.counts,
    not_passed: decision.notPassed.slice(0, mostNamed),
    not_passed_total: decision.notPassed.length,
    canaries: plan.canaries.length,
  };
}
