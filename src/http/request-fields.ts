import { z } from "zod";
import { normaliseRolloutId } from "../core/ids.ts";
import { described } from "./wire-schemas.ts";

const rolloutId = z
  .string()
  .max(64)
  .transform((text, context) => {
    const id = normaliseRolloutId(text);
    if (id !== undefined) return id;
    context.addIssue({ code: "custom", message: "must be a UUID, bare or prefixed" });
    return z.NEVER;
  });

/** `{rollout_id}` in a path, in any of its forms → lower case with dashes. */
export const rolloutPath = z.strictObject({
  rollout_id: described(rolloutId, "A UUID bare, without dashes, or prefixed (`trace_` and 32 hex digits)."),
});

export const toolPath = rolloutPath.extend({
  tool: described(z.string().min(1).max(64), "The name of a tool."),
});

const seconds = z.coerce.number().min(0).max(600).default(0);

export const waitQuery = z.strictObject({
  wait_seconds: described(
    seconds,
    "Answer when the rollout is active or has ended, or after so many seconds, whichever comes first.",
  ),
});
