import { BerthFailure, ControllerUnreachable } from "../client/failure.ts";
import { BerthError } from "../core/errors.ts";
import { printable } from "./printable.ts";
import { paint, type Terminal } from "./terminal.ts";

/** Whoever types commands sends no headers. */
const keyRemedy = "Set BERTH_API_KEY to a key that the controller was started with.";

interface Told {
  readonly code: string;
  readonly cause: string;
  readonly message: string;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly budget?: string | undefined;
}

function tell(thrown: unknown): Told {
  if (thrown instanceof BerthError) return thrown.report();
  if (thrown instanceof ControllerUnreachable) {
    const remedy = "Start one with `berth serve`, or name another with --url or BERTH_URL.";
    return { code: "unreachable", cause: "infra", message: thrown.message, remedy, retryable: true };
  }
  if (thrown instanceof BerthFailure) {
    const { code, causedBy: cause, message, remedy, retryable, budget } = thrown;
    const told = { code, cause, message, remedy: code === "unauthorized" ? keyRemedy : remedy, retryable };
    return budget === undefined ? told : { ...told, budget };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const remedy = "Report it with the command that you ran; BERTH_LOG_LEVEL=debug shows more.";
  return { code: "internal", cause: "infra", message, remedy, retryable: false };
}

/** Says on standard error what failed, what to do, and the code. As JSON on standard output when that was asked for. */
export function printFailure(terminal: Terminal, thrown: unknown, json: boolean): void {
  const told = tell(thrown);
  if (json) return terminal.out(JSON.stringify({ error: told }, null, 2));
  const { message, remedy, code, cause } = told;
  terminal.err(
    `${paint(terminal, "red", "error:")} ${printable(message)}\n${printable(remedy)}\n(${code}, cause: ${cause})`,
  );
}
