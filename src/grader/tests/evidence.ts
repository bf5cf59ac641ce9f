import type { ChangeSet } from "../../model/change-set.ts";
import type { PartResult } from "../grader.ts";
import type { Decision } from "./decide.ts";
import type { RunPlan } from "./framework.ts";
import type { CommandRun } from "./run-command.ts";

/** Named one by one in a verdict; counts tell the rest. */
const mostNamed = 50;

/** What a run said and did, for people: bounded, and never what decides. */
export function runEvidence({ result }: CommandRun, plan: RunPlan, decision: Decision): PartResult["evidence"] {
  return {
    outcome: result.outcome,
    duration_ms: result.durationMs,
    counts: decision.counts,
    not_passed: decision.notPassed.slice(0, mostNamed),
    not_passed_total: decision.notPassed.length,
    canaries: plan.canaries.length,
    survivors_killed: result.survivorsKilled,
    stdout: shown(result.stdout),
    stderr: shown(result.stderr),
  };
}

export function changeSetEvidence(changeSet: ChangeSet): PartResult["evidence"] {
  return {
    files_written: changeSet.written.length,
    files_deleted: changeSet.deleted.length,
    refused: changeSet.refused.slice(0, mostNamed),
    refused_total: changeSet.refused.length,
  };
}

const shown = ({ head, tail, total_bytes, truncated }: CommandRun["result"]["stdout"]) => ({
  text: truncated ? `${head}\n[…]\n${tail}` : head + tail,
  total_bytes,
  truncated,
});
