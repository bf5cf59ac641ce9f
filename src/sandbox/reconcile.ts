import type { Logger } from "../core/log.ts";
import type { SandboxHandle } from "../provider/provider.ts";
import type { HeldIntent, Store } from "../store/store.ts";
import type { SandboxLauncher } from "./launcher.ts";
import { readPurpose } from "./purpose.ts";

export interface ReconcileParts {
  readonly store: Store;
  readonly launcher: SandboxLauncher;
  readonly log: Logger;
  /** This process, as intents name it. */
  readonly controller: string;
  /** Whether the sandbox of a rollout may still be wanted, by whoever holds the rollout or will. */
  readonly isWanted: (rolloutId: string, sandboxId: string) => Promise<boolean>;
}

/**
 * What is, beside what should be: destroys sandboxes of this installation that nobody owns, and what is left of those that were asked for and are in no list. Leaves alone what a live
 * process asked for, whoever that is, and what a rollout that lost its controller still needs. Gives the ids of what was removed; what cannot be
 * removed is in the log, and stays in the store for the next time.
 */
export async function reconcile(parts: ReconcileParts): Promise<string[]> {
  const { store, launcher, log } = parts;
  // In this order: what is there was intended before, by someone who lived before.
  const handles = await launcher.list();
  const intents = new Map((await store.intents()).map((intent) => [intent.id, intent]));
  const live = new Set((await store.leases.live()).map(({ id }) => id));
  const removed: string[] = [];
  for (const handle of handles) {
    if (!(await isNobodys(handle, intents.get(handle.id), live, parts))) continue;
    log.warn({ sandbox: handle.id, purpose: handle.labels.purpose }, "a sandbox that nobody owns is removed");
    const gone = await launcher.destroy(handle, "nobody owned it").then(
      () => true,
      () => false,
    );
    if (gone) removed.push(handle.id);
  }
  const there = new Set(handles.map(({ id }) => id));
  for (const intent of intents.values()) {
    const isOurs = intent.provider === launcher.provider.name && isLeft(intent, live, parts);
    // A start or an end that was cut off may have left what no list shows. What cannot be removed is in the log.
    if (isOurs && !there.has(intent.id))
      await launcher.destroy(launcher.handleOf(intent), "nothing came of it").catch(() => undefined);
  }
  return removed;
}

/** Nobody who lives works on it. */
function isLeft(
  { id, controller }: HeldIntent,
  live: ReadonlySet<string>,
  { launcher, controller: own }: ReconcileParts,
): boolean {
  if (launcher.cares(id)) return false;
  return controller === null || controller === own || !live.has(controller);
}

async function isNobodys(
  handle: SandboxHandle,
  intent: HeldIntent | undefined,
  live: ReadonlySet<string>,
  parts: ReconcileParts,
): Promise<boolean> {
  if (parts.launcher.cares(handle.id)) return false;
  if (intent && !isLeft(intent, live, parts)) return false;
  const { kind, subject } = readPurpose(handle.labels.purpose);
  return kind !== "rollout" || !(await parts.isWanted(subject, handle.id));
}
