import { BerthError } from "../core/errors.ts";
import { exportChangeSet } from "../grader/change-set/export.ts";
import { leftOut } from "../grader/change-set/left-out.ts";
import type { ChangeSet } from "../model/change-set.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import type { Store } from "../store/store.ts";
import type { LiveRollout } from "./live-rollout.ts";

/**
 * The policy's turn is over: running calls are cut off, every process is killed, the change set is exported and stored,
 * and the sandbox is destroyed. Once; whoever asks again gets the same change set.
 */
export function endTurn(
  live: LiveRollout,
  reason: BerthError,
  context: { store: Store; builder: SnapshotBuilder },
): Promise<ChangeSet> {
  live.turnOver ??= (async () => {
    const sandbox = await live.ready;
    live.end(reason);
    await live.lane.idle();
    await sandbox.guest.quiesce();
    if (live.snapshot === undefined)
      throw new BerthError("internal", `The rollout ${live.id} is active without a snapshot.`);
    const changes = await exportChangeSet({
      guest: sandbox.guest,
      baseTree: await context.builder.tree(live.snapshot),
      snapshot: live.snapshot,
      leaveOut: leftOut,
    });
    await context.store.saveChangeSet(live.id, changes);
    await sandbox[Symbol.asyncDispose]();
    return changes;
  })();
  return live.turnOver;
}
