import type { z } from "zod";
import { GuestFault } from "../tree/fault.ts";

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** Called when the client goes away before it has its reply. */
  onGone(then: () => void): void;
}

export interface Reply {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export function jsonReply(value: unknown): Reply {
  return { headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}

export function bytesReply(body: Buffer, headers: Record<string, string>): Reply {
  return { headers: { "content-type": "application/octet-stream", ...headers }, body };
}

/** A JSON body, or values that were read from a query. @throws GuestFault `invalid_argument` */
export function parsed<T>(schema: z.ZodType<T>, given: unknown): T {
  const result = schema.safeParse(Buffer.isBuffer(given) ? parseJson(given) : given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new GuestFault("invalid_argument", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8") || "{}");
  } catch {
    throw new GuestFault("invalid_argument", "The body is not JSON.");
  }
}
