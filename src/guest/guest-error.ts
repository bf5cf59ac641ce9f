import { z } from "zod";
import { BerthError, type ErrorCode } from "../core/errors.ts";

/** The guest's error codes: docs/guest-protocol.md. */
const codeOfGuestError = {
  invalid_argument: "invalid_arguments",
  outside_root: "outside_workspace",
  not_found: "file_not_found",
  not_regular_file: "not_a_file",
  not_directory: "not_a_directory",
  already_exists: "file_exists",
  too_large: "file_too_large",
  not_text: "not_text",
  no_space: "no_space",
  permission_denied: "permission_denied",
  wrong_boot: "sandbox_lost",
  fenced: "fenced",
  duplicate_call: "outcome_unknown",
  unknown_call: "invalid_arguments",
  precondition_failed: "edit_not_found",
  busy: "overloaded",
  internal: "guest_protocol",
} as const satisfies Record<string, ErrorCode>;

export type GuestErrorCode = keyof typeof codeOfGuestError;

const guestErrorCode = z.enum(Object.keys(codeOfGuestError) as [GuestErrorCode, ...GuestErrorCode[]]);
/** Longer messages are cut: they reach logs and the policy. */
const guestMessage = z.string().transform((text) => text.slice(0, 2_000));

export const guestErrorBody = z.object({ error: z.object({ code: guestErrorCode, message: guestMessage }) });

/** The last line of a tree listing that failed. */
export const guestErrorLine = z.object({ type: z.literal("error"), code: guestErrorCode, message: guestMessage });

/** The guest refused a request: a BerthError that still knows the guest's own word for it. */
export class GuestRefusal extends BerthError {
  readonly guestCode: GuestErrorCode;

  constructor(guestCode: GuestErrorCode, message: string, meaning: Partial<Record<GuestErrorCode, ErrorCode>> = {}) {
    super(meaning[guestCode] ?? codeOfGuestError[guestCode], message);
    this.guestCode = guestCode;
  }
}

/** The byte stream ended before the reply did. `sent` is false when the guest cannot have acted on the request. */
export class StreamBroken extends Error {
  readonly sent: boolean;

  constructor(sent: boolean, cause?: unknown) {
    super("The stream to the guest broke.", { cause });
    this.name = "StreamBroken";
    this.sent = sent;
  }
}

export function unacceptable(what: string, why: string, cause?: unknown): BerthError {
  return new BerthError("guest_protocol", `The guest's reply to ${what} was refused: ${why}.`, { cause });
}
