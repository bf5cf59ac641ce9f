import type { BerthError } from "../../core/errors.ts";

/**
 * What the trainer makes of a status: a 200 is shown to the model; a 4xx is shown to it too, so only what is wrong with the request itself may be one;
 * a 5xx is sent again up to three times, and then the whole rollout is discarded, which is right for every failure that is not the policy's.
 */
export type Meaning = { readonly toModel: string } | { readonly status: number };

const tellsModel = (error: BerthError): string => `Error: ${error.message} ${error.remedy}`.trim();

export function meaningOf(error: BerthError): Meaning {
  if (error.causedBy === "policy" || error.code === "rollout_closed") return { toModel: tellsModel(error) };
  return { status: statusOf(error) };
}

/** A rollout that cannot begin, for want of room or of its environment, is thrown away like one whose sandbox died. */
export function statusOf({ code, causedBy, status }: BerthError): number {
  const ofTheRequest = causedBy === "caller" && code !== "unknown_environment" && code !== "rollout_closed";
  return ofTheRequest ? status : Math.max(status, 500);
}
