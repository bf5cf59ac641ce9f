import { connectGuest } from "./connect-guest.ts";
import type { OpenStream } from "./link.ts";

/** What a guest takes at once; whoever cares for the sandbox puts its end off again and again. */
const longestMs = 24 * 60 * 60_000;

/**
 * Sets when the guest of a sandbox that was started for nobody ends itself, over a connection of its own: after so many milliseconds, or a day where that is more.
 * @throws BerthError `sandbox_lost`, `guest_protocol`, `deadline_exceeded`, or what `open` threw
 */
export async function startLife(open: OpenStream, forMs: number, signal: AbortSignal): Promise<void> {
  const guest = await connectGuest({ open, signal });
  try {
    await guest.prolong(Math.min(forMs, longestMs), { signal });
  } finally {
    await guest.close();
  }
}
