import { z } from "zod";
import { describeIssues } from "../../model/issues.ts";
import type { ErrorMessage, ErrorName } from "./failure.ts";
import { action, resetRequest } from "./wire.ts";

const message = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("reset"), data: resetRequest.default({}) }),
  z.strictObject({ type: z.literal("step"), data: action }),
  z.strictObject({ type: z.literal("state") }),
]);
export type Message = z.infer<typeof message>;

const refusal = (code: ErrorName, text: string): ErrorMessage => ({ type: "error", data: { message: text, code } });

const named = z.looseObject({ type: z.string() });
const types: readonly string[] = ["reset", "step", "state"];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a client sent: a message, its wish to end, or how it is refused. */
export function readMessage(text: string): Message | { readonly type: "close" } | ErrorMessage {
  const value = parsed(text);
  if (value === undefined) return refusal("INVALID_JSON", "The message is no JSON.");
  const { success, data } = named.safeParse(value);
  if (!success) return refusal("VALIDATION_ERROR", "The message must be an object with `type`.");
  if (data.type === "close") return { type: "close" };
  if (!types.includes(data.type)) return refusal("UNKNOWN_TYPE", "`type` must be one of reset, step, state and close.");
  const read = message.safeParse(value);
  if (read.success) return read.data;
  return refusal("VALIDATION_ERROR", `The message was refused: ${describeIssues(read.error.issues)}.`);
}
