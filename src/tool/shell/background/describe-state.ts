import type { BackgroundState } from "../../../guest/guest.ts";
import type { ExecOutcome } from "../../../model/tool-call.ts";

/** `server: running for 12 s, 340 bytes written`. */
export function describeState({ name, state, runningMs, stdoutBytes, stderrBytes, outcome }: BackgroundState): string {
  const seconds = Math.round(runningMs / 1000);
  const end =
    state === "running"
      ? `running for ${seconds} s`
      : state === "not_started"
        ? "could not be started"
        : `ended after ${seconds} s (${outcome === undefined ? "unknown" : describeEnd(outcome)})`;
  const errors = stderrBytes === 0 ? "" : `, ${stderrBytes} to stderr`;
  return `${name}: ${end}, ${stdoutBytes} bytes written${errors}`;
}

function describeEnd(outcome: ExecOutcome): string {
  switch (outcome.type) {
    case "exited":
      return `exit code ${outcome.code}`;
    case "signaled":
      return `killed by ${outcome.signal}`;
    case "timed_out":
      return "its time was up";
    case "oom_killed":
      return "out of memory";
    case "cancelled":
      return "stopped";
    case "lost":
      return "lost";
  }
}

/** The same for machines. */
export const stateData = (command: BackgroundState): Record<string, unknown> => ({
  name: command.name,
  state: command.state,
  running_ms: command.runningMs,
  stdout_bytes: command.stdoutBytes,
  stderr_bytes: command.stderrBytes,
  ...(command.outcome === undefined ? {} : { outcome: command.outcome }),
});
