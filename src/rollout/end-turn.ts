import type { Clock } from "../core/clock.ts";
import { crashPoint } from "../core/crash-point.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import { exportChangeSet } from "../grader/change-set/export.ts";
import { leftOut } from "../grader/change-set/left-out.ts";
import type { ChangeSet } from "../model/change-set.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import type { Store } from "../store/store.ts";
import { causeOfDeath } from "./cause-of-death.ts";
import type { LiveRollout } from "./live-rollout.ts";

export interface EndTurnParts {
  readonly store: Store;
  readonly builder: SnapshotBuilder;
  readonly launcher: SandboxLauncher;
  readonly clock: Clock;
}

/**
 * The policy's turn is over: running calls are cut off, every process is killed, the change set is exported and stored,
 * and the sandbox is destroyed. Once; whoever asks again gets the same change set.
 * @throws BerthError `sandbox_lost` or `sandbox_oom` when the sandbox died before that; `change_set_too_large`; why the turn
 * was over before
 */
export function endTurn(live: LiveRollout, reason: BerthError, parts: EndTurnParts): Promise<ChangeSet> {
  live.turnOver ??= (async () => {
    const sandbox = await live.ready;
    // Closed or failed: its sandbox is on its way out.
    live.turn.signal.throwIfAborted();
    live.end(reason);
    await live.lane.idle();
    await live.egress?.flush();
    const changes = await exported(live, sandbox, parts).catch(async (thrown: unknown) => {
      const error = toBerthError(thrown);
      throw (
        (await causeOfDeath(error, sandbox.handle, { provider: parts.launcher.provider, clock: parts.clock })) ?? error
      );
    });
    crashPoint("turn.exported");
    await parts.store.saveChangeSet(live.id, changes);
    crashPoint("turn.stored");
    // What could not be removed is in the log and is found again by its label; the change set is safe.
    await Promise.resolve(sandbox[Symbol.asyncDispose]()).catch(() => undefined);
    crashPoint("turn.over");
    return changes;
  })();
  return live.turnOver;
}

async function exported(live: LiveRollout, { guest }: Sandbox, { builder }: EndTurnParts): Promise<ChangeSet> {
  await guest.quiesce();
  crashPoint("turn.quiesced");
  if (live.snapshot === undefined)
    throw new BerthError("internal", `The rollout ${live.id} is active without a snapshot.`);
  return exportChangeSet({
    guest,
    baseTree: await builder.tree(live.snapshot),
    snapshot: live.snapshot,
    leaveOut: leftOut,
  });
}
