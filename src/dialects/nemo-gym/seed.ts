import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import type { Item } from "../../model/item.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import { ensureRollout } from "../agent-rft/first-contact.ts";

/** For room, a turn in the queue and a sandbox. */
const READY_MS = 600_000;

export interface SeedParts {
  readonly service: Pick<RolloutService, "create" | "get" | "waitUntilSettled">;
  readonly clock: Clock;
  readonly by: string;
}

/**
 * Begins the rollout that a row stands for and waits until its sandbox is ready; waits for room too, since a step of a trainer asks for all at once.
 * @throws BerthError `invalid_request` for an empty row, `unknown_environment`, why there is no sandbox, `deadline_exceeded`
 */
export async function seed(rolloutId: string, item: Item, parts: SeedParts): Promise<void> {
  if (Object.keys(item).length === 0)
    throw new BerthError("invalid_request", "The row has no field that names an environment.");
  const begin = async (signal: AbortSignal) => {
    await ensureRollout(rolloutId, item, parts, signal);
    return await parts.service.waitUntilSettled(rolloutId, READY_MS);
  };
  const { status, error } = await withDeadline("the sandbox", READY_MS, begin, { clock: parts.clock });
  if (error) throw BerthError.of(error);
  if (status !== "active") throw new BerthError("rollout_closed", `The rollout ${rolloutId} is ${status}.`);
}
