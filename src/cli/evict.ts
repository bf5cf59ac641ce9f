import type { EvictionResult, Evictor, PlannedEviction } from "../snapshot/evictor.ts";
import type { SweptItem } from "./berth.ts";

export interface EvictHow {
  readonly dryRun: boolean;
  /** The right to evict, for as long as it takes; undefined when a controller runs, which knows what it uses and evicts by itself. */
  readonly right: () => Promise<AsyncDisposable | undefined>;
}

/** What the limits on snapshots, images and mirrors have go. */
export async function evict(evictor: Evictor, { dryRun, right }: EvictHow): Promise<readonly SweptItem[]> {
  if (dryRun) return (await evictor.plan()).map(itemOf);
  await using held = await right();
  if (held) return (await evictor.sweep()).filter(({ outcome }) => outcome !== "kept").map(resultOf);
  return (await evictor.plan()).map((planned) => ({ ...itemOf(planned), left: "left to the controller that runs" }));
}

const itemOf = ({ item: { kind, id, name, bytes }, reason }: PlannedEviction): SweptItem => ({
  kind,
  id: kind === "snapshot" ? id : `${id} (${name})`,
  reason,
  bytes,
});

function resultOf(result: EvictionResult): SweptItem {
  const item = itemOf(result);
  return result.outcome === "failed" ? { ...item, failure: String(result.error) } : item;
}
