import type { Clock } from "../core/clock.ts";
import { crashPoint } from "../core/crash-point.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { unfinishedStatuses } from "../model/rollout.ts";
import type { SandboxHandle } from "../provider/provider.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import type { Store } from "../store/store.ts";
import { causeOfDeath } from "./cause-of-death.ts";
import { endTurn } from "./end-turn.ts";
import { LiveRollout } from "./live-rollout.ts";
import type { LiveRollouts } from "./live-rollouts.ts";
import type { Preparation } from "./preparation.ts";

export interface ResumeParts {
  readonly store: Store;
  readonly launcher: SandboxLauncher;
  readonly builder: SnapshotBuilder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rollouts: LiveRollouts;
  readonly preparation: Preparation;
}

/** The store says what should be, the provider what is: the two are brought together before the first request. */
export async function resumeRollouts(parts: ResumeParts): Promise<void> {
  const { store, launcher, log, rollouts, preparation } = parts;
  const interrupted = await store.markInterruptedCalls();
  crashPoint("resume.calls-marked");
  const handles = Map.groupBy(await launcher.list(), (handle) => handle.labels.purpose);
  const keep = new Set<string>();
  const waiting: LiveRollout[] = [];
  for (const rollout of await store.rollouts({ limit: 1_000_000, status: [...unfinishedStatuses] })) {
    // Its change set is all that grading needs; the next request for the verdict goes on from there.
    const isTurnOver = ["active", "grading"].includes(rollout.status) && (await store.changeSet(rollout.rollout_id));
    if (isTurnOver && rollout.status === "grading") continue;
    const live = new LiveRollout(rollout, await rollouts.environmentOf(rollout.rollout_id));
    rollouts.add(live);
    if (isTurnOver) {
      const reason = new BerthError("budget_exhausted", "The rollout's time was over when the controller ended.");
      await rollouts.end(live.id, "expired", reason);
      continue;
    }
    if (rollout.status === "queued" || rollout.status === "preparing") {
      waiting.push(live);
      continue;
    }
    const sandbox = await reattach(live, handles.get(live.id) ?? [], parts);
    if (!sandbox) continue;
    keep.add(sandbox.handle.id);
    if (rollout.status === "active") await goOn(live, sandbox, parts);
    else void finishTurn(live, sandbox, parts);
  }
  crashPoint("resume.attached");
  const removed = await launcher.reap(keep);
  crashPoint("resume.reaped");
  for (const live of waiting) preparation.start(live);
  const counts = {
    attached: keep.size,
    requeued: waiting.length,
    removed: removed.length,
    interrupted_calls: interrupted,
  };
  log.info(counts, "resumed the rollouts of the data directory");
}

/** The rollout's sandbox; a failed rollout when it has none that answers. */
async function reattach(
  live: LiveRollout,
  handles: readonly SandboxHandle[],
  parts: ResumeParts,
): Promise<Sandbox | undefined> {
  const { launcher, rollouts, clock } = parts;
  let reason = new BerthError("sandbox_lost", "The sandbox did not survive the controller's restart.");
  for (const handle of handles) {
    try {
      return await launcher.attach(handle);
    } catch (thrown) {
      const error = toBerthError(thrown, "sandbox_lost");
      reason = (await causeOfDeath(error, handle, { provider: launcher.provider, clock })) ?? error;
    }
  }
  await rollouts.fail(live, reason);
  return undefined;
}

async function goOn(live: LiveRollout, sandbox: Sandbox, { preparation, rollouts }: ResumeParts): Promise<void> {
  live.sandbox = sandbox;
  await preparation.activate(live, sandbox).catch((thrown: unknown) => rollouts.fail(live, toBerthError(thrown)));
}

/** Grading had begun and its change set was not stored yet: the policy's turn stays over. */
async function finishTurn(live: LiveRollout, sandbox: Sandbox, parts: ResumeParts): Promise<void> {
  live.becomeActive(sandbox);
  try {
    await endTurn(live, new BerthError("rollout_closed", "The rollout is being graded."), parts);
    parts.rollouts.forget(live.id);
  } catch (error) {
    await parts.rollouts.fail(live, toBerthError(error));
  }
}
