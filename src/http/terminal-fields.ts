import { z } from "zod";
import { longestTerminalWait, terminalName } from "../model/terminal.ts";
import { rolloutPath } from "./request-fields.ts";
import { sandboxFailures, errorResponses } from "./responses.ts";
import { described } from "./wire-schemas.ts";

export const terminalPath = rolloutPath.extend({ name: described(terminalName, "The terminal's name.") });

export const outputQuery = z.strictObject({
  offset: described(
    z.coerce.number().int().min(0).default(0),
    "First byte to give; older ones may not be kept any more.",
  ),
  wait_seconds: described(
    z.coerce.number().min(0).max(longestTerminalWait).default(0),
    "Answer when there is output, or after so many seconds, whichever comes first.",
  ),
});

/** What every request about a terminal can end in. */
export const terminalFailures = errorResponses(
  "unknown_rollout",
  "rollout_closed",
  "unknown_session",
  "invalid_arguments",
  ...sandboxFailures,
);
