import { rollout as rolloutSchema, type Rollout } from "../model/rollout.ts";
import { toolOutput } from "../model/tool-call.ts";
import { trajectoryRecord, type TrajectoryRecord } from "../model/trajectory.ts";
import type { RolloutRow, ToolCallRow } from "./schema.ts";

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
