import { BerthError, toBerthError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { SandboxHandle } from "../provider/provider.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { Store } from "../store/store.ts";
import { LiveRollout } from "./live-rollout.ts";
import type { LiveRollouts } from "./live-rollouts.ts";
import type { Preparation } from "./preparation.ts";

export interface ResumeParts {
  readonly store: Store;
  readonly launcher: SandboxLauncher;
  readonly log: Logger;
  readonly rollouts: LiveRollouts;
  readonly preparation: Preparation;
}

const UNFINISHED = ["queued", "preparing", "active", "grading"] as const;

/** The store says what should be, the provider what is: the two are brought together before the first request. */
export async function resumeRollouts({ store, launcher, log, rollouts, preparation }: ResumeParts): Promise<void> {
  const interrupted = await store.markInterruptedCalls();
  const handles = new Map((await launcher.list()).map((handle) => [handle.labels.purpose, handle]));
  const keep = new Set<string>();
  const waiting: LiveRollout[] = [];
  for (const rollout of await store.rollouts({ limit: 1_000_000, status: [...UNFINISHED] })) {
    // Its change set is all that grading needs; the next request for the verdict goes on from there.
    if (rollout.status === "grading" && (await store.changeSet(rollout.rollout_id))) continue;
    const live = new LiveRollout(rollout, await rollouts.environmentOf(rollout.rollout_id));
    rollouts.add(live);
    if (rollout.status === "queued" || rollout.status === "preparing") waiting.push(live);
    else if (await reattach(live, handles.get(live.id), { launcher, rollouts, preparation }))
      keep.add(handles.get(live.id)?.id ?? "");
  }
  const removed = await launcher.reap(keep);
  for (const live of waiting) preparation.start(live);
  const counts = {
    attached: keep.size,
    requeued: waiting.length,
    removed: removed.length,
    interrupted_calls: interrupted,
  };
  log.info(counts, "resumed the rollouts of the data directory");
}

async function reattach(
  live: LiveRollout,
  handle: SandboxHandle | undefined,
  { launcher, rollouts, preparation }: Pick<ResumeParts, "launcher" | "rollouts" | "preparation">,
): Promise<boolean> {
  try {
    if (!handle) throw new BerthError("sandbox_lost", "The sandbox did not survive the controller's restart.");
    preparation.activate(live, await launcher.attach(handle));
    return true;
  } catch (error) {
    await rollouts.fail(live, toBerthError(error, "sandbox_lost"));
    return false;
  }
}
