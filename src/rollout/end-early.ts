import type { Clock } from "../core/clock.ts";
import type { Guest } from "../guest/guest.ts";

/** The guest may be told to end a command before it was told to begin it. */
const TRIES = 20;
const AGAIN_MS = 100;

/**
 * Has the guest kill the command of a call, which then answers as `cancelled`. Stops trying when `over` aborts: the call has ended. Never rejects:
 * a tool that runs no command comes to its end.
 */
export async function endEarly(
  callId: string,
  { guest, clock, over }: { guest: Pick<Guest, "cancel">; clock: Clock; over: AbortSignal },
): Promise<void> {
  for (let tries = 0; tries < TRIES && !over.aborted; tries++) {
    const isTold = await guest.cancel(callId, { signal: over }).then(
      () => true,
      () => false,
    );
    if (isTold) return;
    await clock.sleep(AGAIN_MS, over).catch(() => undefined);
  }
}
