/** Time, injected wherever behaviour depends on it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  monotonic(): number;
  /** Resolves after `ms`, or rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `due` once after `ms`, 24 days at most, unless it is disposed of before. `background`: the process need not stay
   * alive for it.
   */
  alarm(ms: number, due: () => void, how?: { readonly background?: boolean }): Disposable;
}

/** A timer beyond this fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How a clock sleeps that has alarms. */
export const sleepBy =
  (alarm: Clock["alarm"]): Clock["sleep"] =>
  (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        timer[Symbol.dispose]();
        reject(signal?.reason);
      };
      const timer = alarm(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });

const systemAlarm: Clock["alarm"] = (ms, due, { background = false } = {}) => {
  const timer = setTimeout(due, Math.min(ms, LONGEST_TIMER_MS));
  if (background) timer.unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: sleepBy(systemAlarm),
  alarm: systemAlarm,
};
