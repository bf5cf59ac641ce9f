import type { FastifyRequest } from "fastify";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import { keyInSession } from "./call-key.ts";

export const SESSION_HEADER = "mcp-session-id";

/**
 * A session is a name and no more: the room in which ids of requests mean one request each. It needs no memory, so it outlives controllers, and any
 * that holds the rollout knows it.
 */
export function sessionOf({ headers }: FastifyRequest): string | undefined {
  const sent = headers[SESSION_HEADER];
  return typeof sent === "string" && /^[\x21-\x7e]{1,128}$/.test(sent) ? sent : undefined;
}

const messagesOf = (body: unknown): readonly { method?: unknown; params?: Record<string, unknown> }[] =>
  (Array.isArray(body) ? body : [body]) as { method?: unknown; params?: Record<string, unknown> }[];

export const begins = (body: unknown): boolean => messagesOf(body).some((message) => message?.method === "initialize");

/** Ends the calls that a client says it wants no more. They are named by requests of its session. */
export function cancelWhatIsNamed(
  body: unknown,
  { rolloutId, session, service }: { rolloutId: string; session: string; service: Pick<RolloutService, "cancelCall"> },
): void {
  for (const message of messagesOf(body)) {
    const id = message?.method === "notifications/cancelled" ? message.params?.["requestId"] : undefined;
    if (typeof id === "string" || typeof id === "number") service.cancelCall(rolloutId, keyInSession(session, id));
  }
}
