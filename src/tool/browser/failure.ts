import { BerthError, type ErrorCode } from "../../core/errors.ts";
import type { ExecOutcome } from "../../model/tool-call.ts";
import { describeEnd } from "../terminal/terminal-report.ts";
import { asSentence } from "../wording.ts";
import type { BrowserFailure, FailureCode } from "./frames.ts";

const codes = {
  missing: "browser_missing",
  not_started: "browser_not_started",
  closed: "browser_closed",
  no_tab: "invalid_arguments",
  no_element: "element_not_found",
  not_loaded: "page_not_loaded",
  timeout: "page_timeout",
  too_large: "screenshot_too_large",
  refused: "page_refused",
} as const satisfies Record<FailureCode, ErrorCode>;

/** What the driver could not do, as the model reads it, with what happened on the pages meanwhile. */
export function failureOf({ code, message, notes }: BrowserFailure): BerthError {
  const happened = notes.length === 0 ? "" : ` Meanwhile: ${notes.join("; ")}`;
  const remedy = code === "no_tab" ? { remedy: "Name a tab that is open, or none for the current one." } : {};
  return new BerthError(codes[code], `${asSentence(message)}${happened}`, remedy);
}

/** Of a driver that runs no more. */
export function endedFailure(outcome: ExecOutcome | null): BerthError {
  const how = outcome === null ? "" : `: ${describeEnd(outcome)}`;
  return new BerthError("browser_closed", `The browser has ended${how}.`);
}
