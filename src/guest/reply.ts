import type { z } from "zod";
import type { ErrorCode } from "../core/errors.ts";
import type { GuestReply } from "./exchange.ts";
import { GuestRefusal, guestErrorBody, unacceptable, type GuestErrorCode } from "./guest-error.ts";

/** JSON that must be UTF-8. @throws BerthError `guest_protocol` */
export function parseJson(what: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw unacceptable(what, "it is not JSON", thrown);
  }
}

/** @throws BerthError `guest_protocol` naming the first field that is wrong */
export function checked<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unacceptable(what, `${issue?.path.join(".") || "its form"}: ${issue?.message ?? "invalid"}`, parsed.error);
}

/** @throws GuestRefusal when the guest answered with an error; `meaning` overrides what its codes stand for. */
export function assertSuccess(
  what: string,
  reply: GuestReply,
  meaning?: Partial<Record<GuestErrorCode, ErrorCode>>,
): void {
  if (reply.status >= 200 && reply.status < 300) return;
  if (reply.status < 400) throw unacceptable(what, `its status is ${reply.status}`);
  const { error } = checked(what, guestErrorBody, parseJson(what, reply.body));
  throw new GuestRefusal(error.code, error.message, meaning);
}

/** A successful JSON reply that matches the schema and, where it names a boot, comes from the boot that its header names. */
export function readReply<T>(
  what: string,
  reply: GuestReply,
  schema: z.ZodType<T>,
  meaning?: Partial<Record<GuestErrorCode, ErrorCode>>,
): T {
  assertSuccess(what, reply, meaning);
  const value = checked(what, schema, parseJson(what, reply.body));
  if (typeof value === "object" && value !== null && "boot_id" in value && value.boot_id !== reply.bootId) {
    throw unacceptable(what, "its body names another boot than its header");
  }
  return value;
}

/** A size that travels in a header. */
export function countHeader(what: string, value: string | string[] | undefined): number {
  if (typeof value !== "string" || !/^\d{1,15}$/.test(value)) throw unacceptable(what, "a size is missing");
  return Number(value);
}
