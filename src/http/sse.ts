import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "../core/errors.ts";
import type { RolloutEvent } from "../model/trajectory.ts";

const frame = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

const failure = (thrown: unknown): unknown =>
  (thrown instanceof BerthError ? thrown : new BerthError("internal", "The event stream broke.")).report();

/**
 * Events as server-sent events: each under its type, a comment whenever `heartbeatMs` pass without one, and `end` when
 * the rollout has ended; a stream without `end` was cut. Ends early when the signal aborts, without waiting for the
 * next event.
 */
export async function* serverSentEvents(
  events: AsyncIterable<RolloutEvent>,
  options: { heartbeatMs: number; signal: AbortSignal },
): AsyncGenerator<string> {
  const { heartbeatMs, signal } = options;
  const source = events[Symbol.asyncIterator]();
  let next = source.next();
  // A failure that comes while nobody waits is read with the next turn of the loop.
  next.catch(() => {});
  yield ": open\n\n";
  try {
    while (!signal.aborted) {
      const timer = new AbortController();
      const silence = sleep(heartbeatMs, undefined, { signal: AbortSignal.any([timer.signal, signal]) }).catch(
        () => undefined,
      );
      const got = await Promise.race([next, silence]).finally(() => timer.abort());
      if (got === undefined) {
        if (!signal.aborted) yield ": still here\n\n";
        continue;
      }
      if (got.done) {
        yield frame("end", {});
        return;
      }
      yield frame(got.value.type, got.value);
      next = source.next();
      next.catch(() => {});
    }
  } catch (thrown) {
    if (!signal.aborted) yield frame("error", failure(thrown));
  } finally {
    // Not awaited: a generator that waits for its next event returns only after it.
    source.return?.().catch(() => {});
  }
}
