import { rollout as rolloutSchema, type Rollout } from "../../model/rollout.ts";
import type { ErrorReport } from "../../core/errors.ts";
import { outcome, type Outcome } from "../../model/summary.ts";
import type { Verdict } from "../../model/verdict.ts";
import { toolOutput } from "../../model/tool-call.ts";
import { trajectoryRecord, type TrajectoryRecord } from "../../model/trajectory.ts";
import type { RolloutRow, ToolCallRow } from "./schema.ts";

/** The columns that a rollout's error fills. */
export const errorColumns = (error: ErrorReport | null) => ({
  error_json: error && JSON.stringify(error),
  error_code: error?.code ?? null,
  error_cause: error?.cause ?? null,
  error_budget: error?.budget ?? null,
});

export const verdictColumns = (verdict: Verdict) => ({
  verdict_json: JSON.stringify(verdict),
  verdict_status: verdict.status,
  reward: verdict.reward,
  verdict_code: verdict.status === "unscored" ? verdict.reason.code : null,
  verdict_cause: verdict.status === "unscored" ? verdict.reason.cause : null,
});

export interface OutcomeRow extends Pick<
  RolloutRow,
  "status" | "verdict_status" | "verdict_cause" | "verdict_code" | "error_cause" | "error_code" | "error_budget"
> {
  /** As text where the database counts further than numbers are exact. */
  readonly count: number | string;
  readonly mean_reward: number | string | null;
}

export const outcomeOf = (row: OutcomeRow): Outcome =>
  outcome.parse({
    status: row.status,
    verdict: row.verdict_status,
    cause: row.verdict_cause ?? row.error_cause,
    code: row.verdict_code ?? row.error_code,
    budget: row.error_budget,
    count: Number(row.count),
    mean_reward: row.mean_reward === null ? null : Number(row.mean_reward),
  });

const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json));

/** A rollout with what is counted in other tables; null where nothing was. */
export type CountedRolloutRow = RolloutRow & {
  tool_calls: number;
  egress_allowed: number | null;
  egress_denied: number | null;
};

export function rolloutOf(row: CountedRolloutRow): Rollout {
  return rolloutSchema.parse({
    rollout_id: row.id,
    environment: row.environment,
    group: row.group_name,
    labels: parsed(row.labels_json),
    status: row.status,
    provider: row.provider,
    snapshot: row.snapshot,
    error: parsed(row.error_json),
    verdict: parsed(row.verdict_json),
    tool_calls: row.tool_calls,
    egress: { allowed: row.egress_allowed ?? 0, denied: row.egress_denied ?? 0 },
    created_at: row.created_at,
    active_at: row.active_at,
    first_result_at: row.first_result_at,
    ended_at: row.ended_at,
    created_by: row.created_by,
    ready_by: row.ready_by,
  });
}

export function trajectoryRecordOf(row: ToolCallRow): TrajectoryRecord {
  return trajectoryRecord.parse({
    seq: row.seq,
    call_id: row.call_id,
    tool: row.tool,
    effect: row.effect,
    arguments: parsed(row.arguments_json),
    state: row.state,
    result: row.result_json === null ? null : toolOutput.parse(parsed(row.result_json)),
    started_at: row.started_at,
    duration_ms: row.duration_ms,
  });
}
