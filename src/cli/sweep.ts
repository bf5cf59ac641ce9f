import type { Leak } from "../sandbox/leaks.ts";
import type { SweptItem } from "./berth.ts";

export interface SweepHow {
  readonly dryRun: boolean;
  readonly onProgress: (message: string) => void;
}

/** Removes what is left over, or only says what it is. What is not this installation's to remove stays, and says what removes it. */
export async function sweep(leaks: readonly Leak[], { dryRun, onProgress }: SweepHow): Promise<SweptItem[]> {
  const items: SweptItem[] = [];
  for (const { kind, id, why, remedy, harmless, remove } of leaks) {
    if (harmless && !remove) continue;
    const item: SweptItem = { kind, id, reason: why };
    if (!remove) {
      items.push({ ...item, left: remedy });
      continue;
    }
    onProgress(`${dryRun ? "found" : "removing"} ${kind} ${id}: ${why}`);
    const failure = dryRun ? undefined : await failureOf(remove);
    items.push(failure === undefined ? item : { ...item, failure });
  }
  return items;
}

const failureOf = (remove: () => Promise<void>): Promise<string | undefined> =>
  remove().then(
    () => undefined,
    (error: unknown) => String(error),
  );
