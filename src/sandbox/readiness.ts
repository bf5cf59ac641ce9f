import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { connectGuest, type ConnectGuestOptions } from "../guest/connect-guest.ts";
import type { Guest } from "../guest/guest.ts";
import type { Provider, SandboxHandle, SandboxSpec } from "../provider/provider.ts";
import { differences } from "./drift.ts";

export type ConnectGuest = (options: ConnectGuestOptions) => Promise<Guest>;

export interface ReadinessParts {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly log: Logger;
  /** Over the provider's streams when it is left out. */
  readonly connect?: ConnectGuest;
  /** What the guest is told with each request. */
  readonly epoch?: () => number | undefined;
}

const READY_DEADLINE_MS = 20_000;
const READ_BACK_DEADLINE_MS = 20_000;
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 250;

/**
 * Ready means that the guest shook hands, not that a process was started.
 * @throws BerthError `sandbox_create_failed` after 20 seconds; those of the connection when the sandbox does not run any more
 */
export function shakeHands(
  handle: SandboxHandle,
  { provider, clock, connect = connectGuest, epoch = () => undefined }: ReadinessParts,
  parent?: AbortSignal,
): Promise<Guest> {
  return withDeadline(
    `the guest of sandbox ${handle.id}`,
    READY_DEADLINE_MS,
    async (signal) => {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
        signal.throwIfAborted();
        try {
          return await connect({ open: (call) => provider.connect(handle, call), epoch, signal, clock });
        } catch (error) {
          signal.throwIfAborted();
          if ((await provider.inspect(handle)).status !== "running") throw error;
        }
        await clock.sleep(pauseMs, signal);
      }
    },
    { parent, code: "sandbox_create_failed", clock },
  );
}

/**
 * Reads back from outside and from inside what was made, before anything of a policy runs in it.
 * @throws BerthError `profile_drift` with every difference; `sandbox_create_failed` after 20 seconds
 */
export async function assertNoDrift(
  spec: SandboxSpec,
  { handle, guest }: { handle: SandboxHandle; guest: Guest },
  { provider, clock, log }: ReadinessParts,
  parent?: AbortSignal,
): Promise<void> {
  const { name, runtime, masked_paths: maskedPaths, read_only_paths: readOnlyPaths } = spec.profile;
  const [outside, inside] = await withDeadline(
    `reading sandbox ${handle.id} back`,
    READ_BACK_DEADLINE_MS,
    (signal) =>
      Promise.all([provider.observe(handle, { signal }), guest.probe({ maskedPaths, readOnlyPaths }, { signal })]),
    { parent, code: "sandbox_create_failed", clock },
  );
  const able = provider.capabilities[runtime].has;
  const found = differences({ spec, able, outside, inside });
  if (found.length === 0) return;
  log.error({ sandbox: handle.id, differences: found }, "a sandbox is not what its profile promises");
  throw new BerthError(
    "profile_drift",
    `The sandbox ${handle.id} was destroyed, because it is not what profile ${name} promises: ${found.join("; ")}.`,
  );
}
