import { z } from "zod";
import { causedBy } from "../model/error.ts";
import { usage } from "./model/agent-model.ts";

/**
 * Why a policy's turn ended: its last message, a budget of the run, the model's window, a budget of the rollout itself, or the end of its sandbox for
 * lack of memory.
 */
export const stopReason = z.enum([
  "answered",
  "turns",
  "tokens",
  "cost",
  "seconds",
  "context_full",
  "rollout_budget",
  "sandbox_oom",
]);
export type StopReason = z.infer<typeof stopReason>;

const common = {
  task: z.string(),
  /** From 0. */
  sample: z.number().int().min(0),
  /** From 1; more when an earlier one was interrupted and its rollout could not go on. */
  attempt: z.number().int().min(1),
  rollout_id: z.uuid(),
  turns: z.number().int().min(0),
  tool_calls: z.number().int().min(0),
  /** Of the tool calls, those that were refused or failed for a reason that the model can act on. */
  tool_errors: z.number().int().min(0),
  usage,
  /** Dollars; null without a price. */
  cost: z.number().nullable(),
  seconds: z.number().min(0),
};

/** What one sample came to. Only `scored` has a reward: a failure of ours is not a zero. */
export const sampleResult = z.discriminatedUnion("status", [
  z.strictObject({
    status: z.literal("scored"),
    ...common,
    stop: stopReason,
    reward: z.number(),
    flags: z.array(z.string()),
  }),
  z.strictObject({
    status: z.literal("unscored"),
    ...common,
    cause: causedBy,
    code: z.string(),
    message: z.string(),
  }),
]);
export type SampleResult = z.infer<typeof sampleResult>;
