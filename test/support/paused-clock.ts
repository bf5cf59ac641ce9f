import { systemClock, type Clock } from "../../src/core/clock.ts";

/** Of a controller that was paused and does not know: what it does time and again does not happen, and no time has passed for it. */
export const pausedClock: Clock = {
  ...systemClock,
  monotonic: () => 1_000_000,
  sleep: (ms, signal) =>
    ms < 1_000
      ? systemClock.sleep(ms, signal)
      : new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true })),
};
