import type { ServerContext } from "@modelcontextprotocol/server";
import type { Clock } from "../../core/clock.ts";

/** Below what clients wait for an answer: most start anew at each sign of life. */
const TELL_EVERY_MS = 5_000;

/**
 * Says at once and every 5 s that a call goes on, with the seconds that it took, to a client that asked for progress; until disposed of.
 */
export function tellProgress(what: string, { mcpReq }: ServerContext, clock: Clock): Disposable {
  const over = new AbortController();
  const { _meta, notify, signal } = mcpReq;
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return { [Symbol.dispose]: () => {} };
  const until = AbortSignal.any([over.signal, signal]);
  const began = clock.monotonic();
  const tell = async () => {
    for (;;) {
      const progress = Math.round(clock.monotonic() - began) / 1000;
      await notify({
        method: "notifications/progress",
        params: { progressToken, progress, message: `${what} goes on` },
      });
      await clock.sleep(TELL_EVERY_MS, until);
    }
  };
  // A client that is gone is told nothing more.
  void tell().catch(() => undefined);
  return { [Symbol.dispose]: () => over.abort() };
}
