import type { V1Pod } from "@kubernetes/client-node";
import { BerthError } from "../../core/errors.ts";
import type { SandboxSpec } from "../provider.ts";
import { startFailure } from "./start-failure.ts";
import { stateOf } from "./pod-state.ts";
import type { Watch } from "./watch.ts";

/**
 * Resolves with the pod once the guest in it was started and `holds` says that it is the one. One that has ended is never started again: whoever connects
 * learns of its death.
 * @throws BerthError why it will not start; the signal's reason
 */
export async function awaitPod(
  watch: Watch<V1Pod>,
  name: string,
  spec: SandboxSpec,
  signal: AbortSignal,
  holds: (pod: V1Pod) => boolean = () => true,
): Promise<V1Pod> {
  let wasThere = false;
  return await watch.until(
    name,
    (pod) => {
      if (pod === undefined) {
        if (wasThere) throw new BerthError("sandbox_create_failed", `The pod of sandbox ${spec.id} was removed.`);
        return undefined;
      }
      wasThere = true;
      const state = stateOf(pod);
      if (state.status === "running" || (state.status === "exited" && state.code !== null))
        return holds(pod) ? pod : undefined;
      const failure = startFailure(pod, spec);
      if (failure !== undefined) throw failure;
      return undefined;
    },
    signal,
  );
}
