import { BerthFailure } from "../../client/failure.ts";
import { systemClock, type Clock } from "../../core/clock.ts";

const againMs = 250;

export interface PatienceOptions {
  /** For a controller that is being restarted; then the failure is told. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** Called once when it begins to wait, and once when it has an answer again. */
  readonly onLost?: () => void;
  readonly onFound?: () => void;
  readonly clock?: Clock;
}

/** Asks until there is an answer. Only for questions that may be asked again. @throws what is no failure of the way to the controller; the signal's reason */
export async function patiently<T>(ask: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const { patienceMs, signal, onLost, onFound, clock = systemClock } = options;
  let lostAt: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      const answer = await ask();
      if (lostAt !== undefined) onFound?.();
      return answer;
    } catch (thrown) {
      signal.throwIfAborted();
      if (!isPassing(thrown)) throw thrown;
      lostAt ??= clock.monotonic();
      if (clock.monotonic() - lostAt > patienceMs) throw thrown;
      if (lostAt !== undefined) onLost?.();
    }
    await clock.sleep(againMs, signal);
  }
}

const isPassing = (thrown: unknown): boolean => thrown instanceof BerthFailure && thrown.retryable;
