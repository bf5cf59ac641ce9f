import type { Clock } from "../../core/clock.ts";
import { BerthError, toBerthError, type ErrorCode } from "../../core/errors.ts";
import { normaliseRolloutId } from "../../core/ids.ts";
import type { Item } from "../../model/item.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";

/** For the one call of a rollout that carries its item, when another is quicker. */
const ITEM_PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 50;
/** Between two tries to be let in. */
const ENTRY_PAUSE_MS = 250;
const MOST_ENTRY_PAUSE_MS = 5_000;

export interface ContactParts {
  readonly service: Pick<RolloutService, "create" | "get">;
  readonly clock: Clock;
  /** The name of who asks, whose turn a new rollout takes. */
  readonly by?: string | undefined;
}

/** Refusals that are for now: the door queues inside the trainer's own deadline. */
const notNow: ReadonlySet<ErrorCode> = new Set(["overloaded", "queue_deadline"]);

/** @throws BerthError `invalid_request` */
export function rolloutOfTrace(traceId: string): string {
  const id = normaliseRolloutId(traceId);
  if (id === undefined) throw new BerthError("invalid_request", "trace_id: must be a UUID, bare or prefixed.");
  return id;
}

const isThere = (item: Item | null | undefined): item is Item =>
  item !== null && item !== undefined && Object.keys(item).length > 0;

/**
 * There is no call that begins a rollout: the first that names an unseen trace does, with the first item that is not empty. Again → nothing
 * happens. Waits for room as long as `signal` lets it.
 * @throws BerthError `invalid_request` when no item comes, what `RolloutService.create` throws but what is for now, the signal's reason
 */
export async function ensureRollout(
  id: string,
  item: Item | null | undefined,
  parts: ContactParts,
  signal: AbortSignal,
): Promise<void> {
  const { service, clock, by } = parts;
  if (!isThere(item)) return await waitForAnother(id, parts, signal);
  for (let pauseMs = ENTRY_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MOST_ENTRY_PAUSE_MS)) {
    signal.throwIfAborted();
    try {
      await service.create({ rollout_id: id, item }, by);
      return;
    } catch (thrown) {
      const { code } = toBerthError(thrown);
      // Another call began it with another item: the first stands.
      if (code === "rollout_conflict") return;
      if (!notNow.has(code)) throw thrown;
    }
    await clock.sleep(pauseMs, signal);
  }
}

async function waitForAnother(id: string, { service, clock }: ContactParts, signal: AbortSignal): Promise<void> {
  const until = clock.monotonic() + ITEM_PATIENCE_MS;
  for (;;) {
    const found = await service.get(id).then(
      () => true,
      (thrown: unknown) => {
        if (toBerthError(thrown).code === "unknown_rollout") return false;
        throw thrown;
      },
    );
    if (found) return;
    if (clock.monotonic() >= until)
      throw new BerthError("invalid_request", "item: is empty, and no other call of this trace_id has brought one.");
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}
