import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { Duplex } from "node:stream";
import { BerthError } from "../../../core/errors.ts";
import type { SandboxHandle } from "../../provider.ts";
import type { DoorKey } from "../door-key.ts";

/** What comes before an Ed25519 seed in PKCS #8. */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");
const publicKeyBytes = 32;
const purpose = "berth door binding 1\0";
/** What a door answers that is the sandbox's now. */
const bound = 1;

/** Makes the door of a pod that waited one sandbox's. */
export interface Binder {
  /** What the pods know of it, in hexadecimal digits. */
  readonly publicKey: string;
  /** What a connection brings: good for that sandbox and that pod, and useless to who sees it. */
  readonly bindingOf: (handle: SandboxHandle, podUid: string) => Buffer;
}

/** Of every controller with the same key the same. */
export function binderOf(key: DoorKey): Binder {
  const seed = key.derive("berth door bindings 1");
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return {
    publicKey: spki.subarray(-publicKeyBytes).toString("hex"),
    bindingOf(handle, podUid) {
      const hash = Buffer.from(key.hashOf(handle), "hex");
      const signature = sign(null, Buffer.concat([Buffer.from(purpose), hash, Buffer.from(podUid)]), privateKey);
      return Buffer.concat([hash, signature]);
    },
  };
}

/**
 * Resolves when the door, to which the binding was sent over this stream, is the sandbox's. The stream is over then.
 * @throws BerthError `sandbox_create_failed` when it is another's, `provider_unavailable` when the connection breaks; the signal's reason
 */
export async function bindingTaken(stream: Duplex, signal: AbortSignal): Promise<void> {
  const give = () => stream.destroy(signal.reason instanceof Error ? signal.reason : new Error("given up"));
  signal.addEventListener("abort", give, { once: true });
  try {
    signal.throwIfAborted();
    for await (const piece of stream) {
      if ((piece as Buffer)[0] === bound) return;
      break;
    }
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    throw new BerthError("provider_unavailable", `The binding of a sandbox's door broke off: ${String(thrown)}`, {
      cause: thrown,
    });
  } finally {
    signal.removeEventListener("abort", give);
    stream.destroy();
  }
  throw new BerthError("sandbox_create_failed", "The door of the claimed pod refuses the sandbox: it is another's.", {
    remedy: "See that all controllers have the same kubernetes_key_file, and that nothing else claims pods of Berth.",
  });
}
