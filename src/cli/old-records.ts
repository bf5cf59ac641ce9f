import type { Retention } from "../store/retention.ts";
import type { SweptItem } from "./berth.ts";

/** What `retention_days` has go from the store; also while a controller runs, which does the same. */
export async function removeOldRecords(retention: Retention, { dryRun }: { dryRun: boolean }): Promise<SweptItem[]> {
  const count = await (dryRun ? retention.due() : retention.sweep());
  if (count === 0) return [];
  const id = count === 1 ? "1 rollout" : `${count} rollouts`;
  return [{ kind: "records", id, reason: `ended more than ${retention.days} days ago` }];
}
