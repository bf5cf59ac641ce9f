import type { BerthError, ErrorCode, ErrorReport } from "../../core/errors.ts";

/** The codes of the protocol's own errors. */
export type ErrorName =
  | "INVALID_JSON"
  | "UNKNOWN_TYPE"
  | "VALIDATION_ERROR"
  | "EXECUTION_ERROR"
  | "CAPACITY_REACHED"
  | "FACTORY_ERROR"
  | "SESSION_ERROR";

export interface ErrorMessage {
  readonly type: "error";
  readonly data: { readonly message: string; readonly code: ErrorName; readonly [fact: string]: unknown };
}

const noRoom: ReadonlySet<ErrorCode> = new Set(["overloaded", "queue_deadline"]);
const noEpisode: ReadonlySet<ErrorCode> = new Set(["unknown_rollout", "rollout_closed", "rollout_conflict", "fenced"]);

function nameOf({ code, causedBy }: BerthError): ErrorName {
  if (noRoom.has(code)) return "CAPACITY_REACHED";
  if (noEpisode.has(code)) return "SESSION_ERROR";
  if (causedBy === "task" || code === "unknown_environment") return "FACTORY_ERROR";
  return causedBy === "caller" ? "VALIDATION_ERROR" : "EXECUTION_ERROR";
}

/** A failure as the client raises it. `data.error` says who caused it and what to do. */
export function errorMessage(error: BerthError): ErrorMessage {
  const report: ErrorReport = error.report();
  return { type: "error", data: { message: `${error.message} ${error.remedy}`, code: nameOf(error), error: report } };
}
