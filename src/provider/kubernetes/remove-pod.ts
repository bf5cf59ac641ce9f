import type { V1Pod } from "@kubernetes/client-node";
import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import type { SandboxHandle } from "../provider.ts";
import type { Backing } from "./backing.ts";
import { deadlines } from "./deadlines.ts";
import { ofSandbox, podName } from "./names.ts";
import type { Watch } from "./watch.ts";
import type { Pods } from "./pods.ts";
import { refusedAs } from "./refusal.ts";

/** Removes the pod that was made for a sandbox. */
export function podRemover(parts: {
  readonly pods: Pods;
  readonly watchOf: (owner: string) => Watch<V1Pod>;
  readonly clock: Clock;
}): Backing["remove"] {
  const { pods, watchOf, clock } = parts;

  async function find(handle: SandboxHandle, watch: Watch<V1Pod>): Promise<V1Pod | undefined> {
    const name = podName(handle.id);
    return ofSandbox(handle, watch.get(name)) ?? ofSandbox(handle, await pods.read(name));
  }

  async function isGone(handle: SandboxHandle, uid: string | undefined): Promise<boolean> {
    const left = await pods.read(podName(handle.id));
    return left === undefined || left.metadata?.uid !== uid;
  }

  return async (handle) => {
    const watch = watchOf(handle.labels.owner);
    const name = podName(handle.id);
    try {
      await watch.synced();
      const pod = await find(handle, watch);
      if (pod === undefined) return;
      const uid = pod.metadata?.uid;
      await pods.remove(name, uid);
      // What was not in the watch yet may have come and gone there by now.
      if (watch.get(name) === undefined && (await isGone(handle, uid))) return;
      let wasSeen = watch.get(name) !== undefined;
      const gone = (signal: AbortSignal) =>
        watch.until(
          name,
          (found) => {
            wasSeen ||= found !== undefined;
            return wasSeen && found?.metadata?.uid !== uid ? true : undefined;
          },
          signal,
        );
      await withDeadline(`the end of pod ${name}`, deadlines.teardown, gone, { clock }).catch(async (late: unknown) => {
        if (!(await isGone(handle, uid))) throw late;
        watch.forget(name, uid);
      });
    } catch (thrown) {
      const failure = refusedAs("teardown_failed", thrown);
      throw new BerthError("teardown_failed", `The pod ${name} could not be removed: ${failure.message}`, {
        cause: failure,
      });
    }
  };
}
