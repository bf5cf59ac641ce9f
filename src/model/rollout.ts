import { z } from "zod";
import { egressTotals } from "./egress.ts";
import { environment, environmentName } from "./environment.ts";
import { errorReport } from "./error.ts";
import { item } from "./item.ts";
import { verdict } from "./verdict.ts";

/** queued → preparing → active → grading → closed; or failed, or expired. The last three are terminal. */
export const rolloutStatus = z.enum(["queued", "preparing", "active", "grading", "closed", "failed", "expired"]);

/** A rollout that has ended stays as it ended. */
export const terminalStatuses: readonly Rollout["status"][] = ["closed", "failed", "expired"];

/** Rollouts that have, will have or may be graded from a sandbox. */
export const unfinishedStatuses: readonly Rollout["status"][] = ["queued", "preparing", "active", "grading"];

/** PostgreSQL keeps no other text, unless it is written as JSON. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes("\0");

const labels = z.record(z.string().max(63), z.string().max(256)).refine((map) => Object.keys(map).length <= 32, {
  error: "must have at most 32 entries",
});

export const group = z.string().min(1).max(128).refine(isStorable, { error: "must be Unicode text without NUL" });

const oneStart = "either environment or item must be given, and not both";

export const createRolloutRequest = z
  .strictObject({
    /** A UUID bare or prefixed (`trace_` + 32 hex); made by the controller when it is left out. */
    rollout_id: z.string().max(64).optional(),
    /** The name of a registered environment, or an environment in full. */
    environment: z.union([environmentName, environment]).optional(),
    /** A row of a dataset instead, which stands for one. */
    item: item.optional(),
    /** Rollouts of one group start from the same snapshot and are compared with each other. */
    group: group.optional(),
    labels: labels.optional(),
    /** Seconds within which the sandbox must be ready, or the rollout is refused or fails with `queue_deadline`. Without it: 540 for its turn. */
    ready_within_seconds: z.number().int().min(1).max(86_400).optional(),
  })
  .refine((request) => (request.environment === undefined) !== (request.item === undefined), { error: oneStart });
export type CreateRolloutRequest = z.infer<typeof createRolloutRequest>;
export type CreateRolloutInput = z.input<typeof createRolloutRequest>;

export const rollout = z.strictObject({
  rollout_id: z.uuid(),
  environment: z.string(),
  group: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  status: rolloutStatus,
  provider: z.string(),
  snapshot: z.string().nullable(),
  /** Why the rollout failed or expired; null otherwise. */
  error: errorReport.nullable(),
  verdict: verdict.nullable(),
  tool_calls: z.number().int().min(0),
  egress: egressTotals,
  created_at: z.iso.datetime(),
  /** Who created it: the name of the key. Null when nobody knows. */
  created_by: z.string().nullable(),
  /** When its sandbox must be ready; null when it may wait for its turn. */
  ready_by: z.iso.datetime().nullable(),
  /** When the sandbox was ready for tool calls. */
  active_at: z.iso.datetime().nullable(),
  first_result_at: z.iso.datetime().nullable(),
  ended_at: z.iso.datetime().nullable(),
});
export type Rollout = z.infer<typeof rollout>;
