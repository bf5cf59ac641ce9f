import type { ToolContext } from "../../../tool/tool.ts";
import { COMMAND_TIMEOUT } from "../class-paths.ts";
import { Raised } from "../raised.ts";
import type { BashAction } from "../wire.ts";

/** What came of an action; `by`: what ended the wait for it. */
export interface Observed {
  readonly output: string;
  readonly exitCode: number | null;
  readonly by: string;
}

export const deadlineOf = ({ clock, mostMs }: ToolContext, { timeout }: BashAction): number =>
  clock.monotonic() + Math.min(mostMs, timeout === undefined || timeout === null ? mostMs : timeout * 1000);

export const tooLate = ({ timeout, command }: BashAction): Raised =>
  new Raised(
    COMMAND_TIMEOUT,
    `Not over after ${timeout ?? "as many as a call may take"} seconds, and still running: ${JSON.stringify(command)}`,
  );
