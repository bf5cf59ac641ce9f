import { estimatedTokens, usageOf } from "../../grader/usage.ts";
import type { Rollout } from "../../model/rollout.ts";
import type { TrajectoryRecord } from "../../model/trajectory.ts";
import type { Store } from "../../store/store.ts";
import { argumentText, responsesItems } from "./responses-items.ts";

/** A scored rollout as trainers' notebooks read it. */
export interface ExportedRollout {
  readonly itemIndex: number;
  readonly score: number;
  /** Responses items. */
  readonly trajectory: readonly object[];
  /** From the first call's start to the last call's end. */
  readonly latencySeconds: number;
  /** Of what the policy wrote: arguments and last message. A quarter of the bytes, since its tokenizer is not known here. */
  readonly outputTokens: number;
  readonly toolCalls: number;
}

/** Rollouts that are listed at a time; of trajectories one is in memory. */
const PAGE = 100;

/**
 * Every scored rollout, newest first, as it is when the export comes to it. One without a score is left out: it is not a 0.
 * What it keeps in memory grows with the number of groups. @throws BerthError `storage_failed`
 */
export async function* exportedRollouts(
  store: Pick<Store, "rollouts" | "trajectory" | "answer">,
  { group }: { group?: string } = {},
): AsyncGenerator<ExportedRollout> {
  const items = new Map<string, number>();
  const select = { limit: PAGE, ...(group === undefined ? {} : { group }) };
  let page = await store.rollouts(select);
  for (;;) {
    for (const rollout of page) {
      if (rollout.verdict?.status !== "scored") continue;
      const records = await store.trajectory(rollout.rollout_id);
      const answer = await store.answer(rollout.rollout_id);
      yield exported(rollout, rollout.verdict.reward, records, answer, itemIndex(rollout, items));
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    page = await store.rollouts({ ...select, before: { createdAt: last.created_at, id: last.rollout_id } });
  }
}

function exported(
  { tool_calls: toolCalls }: Rollout,
  score: number,
  records: readonly TrajectoryRecord[],
  answer: string | undefined,
  index: number,
): ExportedRollout {
  const wrote = records.reduce((sum, record) => sum + Buffer.byteLength(argumentText(record.arguments)), 0);
  return {
    itemIndex: index,
    score,
    trajectory: responsesItems(records, answer),
    latencySeconds: usageOf(records).wallSeconds,
    outputTokens: estimatedTokens(wrote + Buffer.byteLength(answer ?? "")),
    toolCalls,
  };
}

/** The label `item_index` when it is a whole number; else the number of its group or, without one, of its environment, in this export. */
function itemIndex({ labels, group, environment }: Rollout, items: Map<string, number>): number {
  const label = labels["item_index"];
  if (label !== undefined && /^\d{1,15}$/.test(label)) return Number(label);
  const item = group === null ? `environment ${environment}` : `group ${group}`;
  const index = items.get(item) ?? items.size;
  items.set(item, index);
  return index;
}
