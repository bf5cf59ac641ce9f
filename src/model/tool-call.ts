import { z } from "zod";
import { errorReport } from "./error.ts";

export const toolEffect = z.enum(["read", "write"]);
export type ToolEffect = z.infer<typeof toolEffect>;

/** How a command ended: exactly one of these. A non-zero exit is data, not an error. */
export const execOutcome = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("exited"), code: z.number().int().min(0).max(255) }),
  z.strictObject({ type: z.literal("signaled"), signal: z.string().regex(/^SIG[A-Z0-9+]+$/) }),
  z.strictObject({ type: z.literal("timed_out") }),
  z.strictObject({ type: z.literal("oom_killed") }),
  z.strictObject({ type: z.literal("cancelled") }),
  z.strictObject({ type: z.literal("lost") }),
]);
export type ExecOutcome = z.infer<typeof execOutcome>;

/** One output stream of a command. `head` and `tail` are whole UTF-8 characters; between them `truncated` says bytes are missing. */
export const capturedStream = z.strictObject({
  head: z.string(),
  tail: z.string(),
  total_bytes: z.number().int().min(0),
  truncated: z.boolean(),
});
export type CapturedStream = z.infer<typeof capturedStream>;

export const callId = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[\x21-\x7e]+$/, { error: "must be printable ASCII without spaces" });

export const toolCallRequest = z.strictObject({
  /** The key of at-most-once execution within the rollout; made by the controller when it is left out. */
  call_id: callId.optional(),
  arguments: z.union([z.record(z.string(), z.unknown()), z.string().max(1_000_000)]).default({}),
});
export type ToolCallRequest = z.infer<typeof toolCallRequest>;

/** A picture for the model to see. It was checked to be a PNG of that size; what it shows is the sandbox's. */
export const toolImage = z.strictObject({
  media_type: z.literal("image/png"),
  /** In base64. */
  data: z.base64().max(600_000),
  /** In pixels. */
  width: z.number().int().min(1),
  height: z.number().int().min(1),
});

/** What a tool gives back, before it is recorded. `output` is what the model reads, below 1 MB. */
export const toolOutput = z.strictObject({
  output: z.string(),
  /** Set when the call failed for a reason that the model caused or must know. */
  error: errorReport.optional(),
  /** Only for tools that run a command. */
  outcome: execOutcome.optional(),
  stdout: capturedStream.optional(),
  stderr: capturedStream.optional(),
  /** Beside the output, for a model that sees. */
  images: z.array(toolImage).max(1).optional(),
  /** Facts for machines: counts, line numbers, paths. */
  data: z.record(z.string(), z.unknown()).optional(),
  truncated: z.boolean().default(false),
});
export type ToolOutput = z.infer<typeof toolOutput>;
export type ToolOutputInput = z.input<typeof toolOutput>;

export const toolCallResult = toolOutput.extend({
  call_id: callId,
  tool: z.string(),
  duration_ms: z.number().min(0),
  /** True when this is the stored result of an earlier execution of the same call id. */
  replayed: z.boolean(),
});
export type ToolCallResult = z.infer<typeof toolCallResult>;
