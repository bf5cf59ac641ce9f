import type { ExecResult } from "../../guest/guest.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import type { PartResult } from "../grader.ts";

/** Named one by one in a verdict; counts tell the rest. */
const mostNamed = 50;

/** How a command of a grader ended and what it said, for people: bounded, and never what decides. */
export const commandEvidence = (result: ExecResult): PartResult["evidence"] => ({
  outcome: result.outcome,
  duration_ms: result.durationMs,
  survivors_killed: result.survivorsKilled,
  stdout: shown(result.stdout),
  stderr: shown(result.stderr),
});

export function changeSetEvidence(changeSet: ChangeSet): PartResult["evidence"] {
  return {
    files_written: changeSet.written.length,
    files_deleted: changeSet.deleted.length,
    refused: changeSet.refused.slice(0, mostNamed),
    refused_total: changeSet.refused.length,
  };
}

const shown = ({ head, tail, total_bytes, truncated }: ExecResult["stdout"]) => ({
  text: truncated ? `${head}\n[…]\n${tail}` : head + tail,
  total_bytes,
  truncated,
});
