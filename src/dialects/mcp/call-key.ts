import { createHash } from "node:crypto";
import type { RequestId } from "@modelcontextprotocol/server";
import { BerthError } from "../../core/errors.ts";
import { callId } from "../../model/tool-call.ts";

/** A client that can say which calls are one and the same does so here in `_meta` of its request. */
export const CALL_ID = "berth/call_id";

/** The key of the request of a session: its id is used for no other request of it, so one that comes again is the same call. */
export function keyInSession(session: string, id: RequestId): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([session, id]))
    .digest("hex");
  return `mcp_${digest.slice(0, 32)}`;
}

/**
 * The key of at-most-once execution: the client's own, or what its session gives. Undefined when a repetition cannot be told from a new call:
 * without a session the ids of requests begin anew with every client.
 * @throws BerthError `invalid_arguments`
 */
export function callKey(
  { id, _meta }: { readonly id: RequestId; readonly _meta?: Readonly<Record<string, unknown>> | undefined },
  session: string | undefined,
): string | undefined {
  const given = _meta?.[CALL_ID];
  if (given === undefined) return session === undefined ? undefined : keyInSession(session, id);
  const read = callId.safeParse(given);
  if (read.success) return read.data;
  throw new BerthError("invalid_request", `_meta["${CALL_ID}"]: ${read.error.issues[0]?.message ?? "is no call id"}.`);
}

/** Gives the tool calls of a message that have no key a key of their own, before it is sent on. */
export function nameCalls(body: unknown, makeId: () => string): void {
  for (const message of Array.isArray(body) ? (body as unknown[]) : [body]) {
    const { method, params } = message as { method?: unknown; params?: { _meta?: Record<string, unknown> } };
    if (method === "tools/call" && typeof params === "object" && params !== null)
      params._meta = { [CALL_ID]: makeId(), ...params._meta };
  }
}
