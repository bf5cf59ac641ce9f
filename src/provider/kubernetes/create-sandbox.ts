import { toBerthError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { assertEnforceable } from "../enforce.ts";
import type { CallOptions, Provider, SandboxHandle, SandboxSpec } from "../provider.ts";
import type { Backing } from "./backing.ts";
import { assertWithinPodPids } from "./capabilities.ts";
import { providerName } from "./names.ts";
import type { KubernetesProviderOptions } from "./options.ts";
import { refusedAs } from "./refusal.ts";

interface Parts {
  /** Resolves when what the owner has is known. */
  readonly synced: (owner: string) => Promise<void>;
  readonly backing: Pick<Backing, "start" | "remove">;
  readonly capabilities: Provider["capabilities"];
  readonly options: KubernetesProviderOptions;
  readonly log: Logger;
}

/** How the kubernetes provider creates a sandbox: idempotent by id, leaving nothing behind when it fails. */
export function createSandbox(parts: Parts): (spec: SandboxSpec, options?: CallOptions) => Promise<SandboxHandle> {
  const { backing, options, log } = parts;
  const inFlight = new Map<string, Promise<void>>();

  /** What cannot be removed now carries its owner's label; the caller must learn why the create failed. */
  async function removeLeftover(handle: SandboxHandle): Promise<void> {
    await backing.remove(handle).catch((failure: unknown) => {
      log.error({ sandbox: handle.id, err: failure }, "a pod that failed to start could not be removed");
    });
  }

  async function make(spec: SandboxSpec, handle: SandboxHandle): Promise<void> {
    await parts.synced(handle.labels.owner);
    try {
      await backing.start(spec, handle);
    } catch (thrown) {
      // The API server may have gone on with a request that was not waited for.
      await removeLeftover(handle);
      throw toBerthError(refusedAs("sandbox_create_failed", thrown), "sandbox_create_failed");
    }
  }

  return async (spec, { signal } = {}) => {
    assertEnforceable(providerName, parts.capabilities, spec);
    assertWithinPodPids(spec, options);
    signal?.throwIfAborted();
    const handle: SandboxHandle = { id: spec.id, provider: providerName, labels: { ...spec.labels } };
    const key = JSON.stringify(handle);
    let making = inFlight.get(key);
    if (making === undefined) {
      making = make(spec, handle).finally(() => inFlight.delete(key));
      inFlight.set(key, making);
    }
    await calledOff(making, signal);
    if (signal?.aborted) {
      await backing.remove(handle);
      throw signal.reason;
    }
    return handle;
  };
}

/** Waits for the work or for the signal, whichever is first. The removal of the pod ends the work, too. */
async function calledOff(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return await work;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  signal.addEventListener("abort", end, { once: true });
  try {
    await Promise.race([work, promise]);
    if (signal.aborted) work.catch(() => undefined);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
