import { constants } from "node:os";
import { BerthFailure, ControllerUnreachable } from "../client/failure.ts";
import { BerthError, type CausedBy } from "../core/errors.ts";
import type { ExecOutcome } from "../model/tool-call.ts";

/** What the process ends with; `berth --help` shows this table. */
export const exitCodes = {
  ok: 0,
  /** What was asked for is not so: a check failed, something could not be removed. */
  no: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  task: 5,
  infra: 6,
  grader: 7,
} as const;

/** `rollout exec` ends as its command does; when there is no command to speak of, as here. */
export const execExitCodes = { timed_out: 124, berth_failed: 125, oom_killed: 137 } as const;

/** As a shell would end after a command that ended so. */
export function exitCodeOfOutcome(outcome: ExecOutcome): number {
  switch (outcome.type) {
    case "exited":
      return outcome.code;
    case "signaled":
      return 128 + (constants.signals[outcome.signal as NodeJS.Signals] ?? 0);
    case "timed_out":
      return execExitCodes.timed_out;
    case "oom_killed":
      return execExitCodes.oom_killed;
    case "cancelled":
    case "lost":
      return execExitCodes.berth_failed;
  }
}

const byCause: Readonly<Record<CausedBy, number>> = {
  caller: exitCodes.refused,
  policy: exitCodes.refused,
  task: exitCodes.task,
  infra: exitCodes.infra,
  grader: exitCodes.grader,
};

export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof ControllerUnreachable) return exitCodes.unreachable;
  if (thrown instanceof BerthFailure) return byCause[thrown.causedBy];
  if (thrown instanceof BerthError)
    return thrown.code === "invalid_config" ? exitCodes.usage : byCause[thrown.causedBy];
  return exitCodes.infra;
}

export const exitCodeHelp = `
Exit codes:
  0  done
  1  what was asked for is not so: a check failed, a reward is missing, something is left
  2  wrong usage or configuration
  3  no controller could be reached
  4  the request was refused (cause caller or policy)
  5  the environment is broken (cause task)
  6  Berth or what it stands on failed (cause infra)
  7  grading failed (cause grader)
  rollout exec and attach end as the command does: its code, 128 + the signal, 124 timed out, 137 out of memory, 125 not run`;
