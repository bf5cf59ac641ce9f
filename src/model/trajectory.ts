import { z } from "zod";
import { egressDenialReason, egressRecord } from "./egress.ts";
import { callId, toolEffect, toolOutput } from "./tool-call.ts";

/** One tool call of a rollout, in the order in which the calls were accepted. */
export const trajectoryRecord = z.strictObject({
  seq: z.number().int().min(0),
  call_id: callId,
  tool: z.string(),
  effect: toolEffect.nullable(),
  /** As the caller sent them, a JSON string included. */
  arguments: z.unknown(),
  /** `running` until it ends; `unknown` when a crash came between start and end. */
  state: z.enum(["running", "done", "unknown"]),
  result: toolOutput.nullable(),
  started_at: z.iso.datetime(),
  duration_ms: z.number().min(0).nullable(),
});
export type TrajectoryRecord = z.infer<typeof trajectoryRecord>;

export const trajectory = z.strictObject({
  rollout_id: z.uuid(),
  records: z.array(trajectoryRecord),
  /** What the sandbox tried to reach, by whichever call or process left behind. */
  egress: egressRecord,
});
export type Trajectory = z.infer<typeof trajectory>;

/** What `GET /v1/rollouts/{id}/events` streams. */
export const rolloutEvent = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("status"), at: z.iso.datetime(), status: z.string() }),
  z.strictObject({ type: z.literal("progress"), at: z.iso.datetime(), phase: z.string(), message: z.string() }),
  z.strictObject({
    type: z.literal("tool_call"),
    at: z.iso.datetime(),
    call_id: z.string(),
    tool: z.string(),
    /** As in the trajectory: `done` also when the call was refused. */
    state: z.enum(["running", "done", "unknown"]),
    duration_ms: z.number().nullable(),
  }),
  z.strictObject({
    type: z.literal("egress_denied"),
    at: z.iso.datetime(),
    /** The first time that this destination is refused for this reason; further ones are counted in the trajectory. */
    destination: z.string(),
    reason: egressDenialReason,
  }),
  z.strictObject({
    type: z.literal("verdict"),
    at: z.iso.datetime(),
    status: z.string(),
    reward: z.number().nullable(),
  }),
]);
export type RolloutEvent = z.infer<typeof rolloutEvent>;
