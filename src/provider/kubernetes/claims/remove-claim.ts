import type { V1Pod } from "@kubernetes/client-node";
import type { Clock } from "../../../core/clock.ts";
import { withDeadline } from "../../../core/deadline.ts";
import { BerthError } from "../../../core/errors.ts";
import type { SandboxHandle } from "../../provider.ts";
import type { Backing } from "../backing.ts";
import { deadlines } from "../deadlines.ts";
import type { ApiObject, Collection } from "../collection.ts";
import type { Pods } from "../pods.ts";
import { refusedAs } from "../refusal.ts";
import type { Watch } from "../watch.ts";
import { claimName, isOf, podNameOf } from "./claim.ts";
import type { Resources, SandboxClaim } from "./resources.ts";

/**
 * Removes the claim of a sandbox. The API server keeps it until what belongs to it is gone; that its pods are is looked for all the same, because that is what
 * counts, and because a controller may have given it one at the last moment.
 */
export function claimRemover(parts: {
  readonly pods: Pods;
  readonly claims: Resources["claims"];
  readonly podsOf: (owner: string) => Watch<V1Pod>;
  readonly claimsOf: (owner: string) => Watch<SandboxClaim>;
  readonly clock: Clock;
}): Backing["remove"] {
  const { pods, claims, podsOf, claimsOf, clock } = parts;

  async function removeBoth(handle: SandboxHandle, signal: AbortSignal): Promise<void> {
    const claimWatch = claimsOf(handle.labels.owner);
    const podWatch = podsOf(handle.labels.owner);
    await Promise.all([claimWatch.synced(signal), podWatch.synced(signal)]);
    const name = claimName(handle.id);
    const known = claimWatch.get(name);
    const claim = isOf(handle, known) ? known : await claims.read(name, signal);
    if (claim !== undefined && isOf(handle, claim)) {
      const uid = claim.metadata?.uid;
      await claims.remove(name, uid);
      await goneFrom(claimWatch, claims, { name, uid }, signal);
    }
    const given = podNameOf(known) ?? podNameOf(claim);
    const theirs = [...podWatch.all(), ...(given === undefined ? [] : [await pods.read(given, signal)])].filter((pod) =>
      isOf(handle, pod),
    );
    for (const pod of theirs) {
      const { name: podName = "", uid } = pod?.metadata ?? {};
      await goneFrom(podWatch, pods, { name: podName, uid }, signal);
    }
  }

  return async (handle) => {
    try {
      await withDeadline(
        `the end of claim ${claimName(handle.id)}`,
        deadlines.teardown,
        (signal) => removeBoth(handle, signal),
        { clock },
      );
    } catch (thrown) {
      const failure = refusedAs("teardown_failed", thrown);
      throw new BerthError("teardown_failed", `The sandbox ${handle.id} could not be removed: ${failure.message}`, {
        cause: failure,
      });
    }
  };
}

/** Resolves when the API server has no object of that uid any more. What the watch has not seen yet may have come and gone: the API server is asked. */
async function goneFrom<T extends ApiObject>(
  watch: Watch<T>,
  collection: Collection<T>,
  { name, uid }: { name: string; uid: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  if (watch.get(name) === undefined && (await collection.read(name, signal))?.metadata?.uid !== uid) return;
  let wasSeen = watch.get(name) !== undefined;
  await watch.until(
    name,
    (found) => {
      wasSeen ||= found !== undefined;
      return wasSeen && found?.metadata?.uid !== uid ? true : undefined;
    },
    signal,
  );
}
