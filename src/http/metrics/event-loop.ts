import { monitorEventLoopDelay } from "node:perf_hooks";
import { Gauge, type Registry } from "prom-client";

/** Time between two looks at the event loop. Shorter ones cost processor time: these take about 0.7 % of one core. */
const RESOLUTION_MS = 5;

const secondsLate = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);

/**
 * How late the event loop is: since the last scrape, so that only one scraper sees all of it, and its longest stall since the
 * watch began. Disposal ends the watch.
 */
export function watchEventLoop(registry: Registry): Disposable {
  const sinceStart = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  // A monitor does not see a stall that begins right after its reset: only this one is ever reset.
  const sinceScrape = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  sinceStart.enable();
  sinceScrape.enable();
  const delay = new Gauge({
    name: "berth_event_loop_delay_seconds",
    help: "How late the event loop came to its timers since the last scrape.",
    labelNames: ["quantile"],
    registers: [],
    collect() {
      const seen = sinceScrape.count > 0;
      this.set({ quantile: "0.5" }, seen ? secondsLate(sinceScrape.percentile(50)) : 0);
      this.set({ quantile: "0.99" }, seen ? secondsLate(sinceScrape.percentile(99)) : 0);
      this.set({ quantile: "1" }, seen ? secondsLate(sinceScrape.max) : 0);
      sinceScrape.reset();
    },
  });
  const longestStall = new Gauge({
    name: "berth_event_loop_longest_stall_seconds",
    help: `Longest time between two turns of the event loop since the controller listens, up to ${RESOLUTION_MS} ms more than the stall. Never reset.`,
    registers: [],
    collect() {
      this.set(sinceStart.max / 1e9);
    },
  });
  registry.registerMetric(delay);
  registry.registerMetric(longestStall);
  return {
    [Symbol.dispose]() {
      sinceStart.disable();
      sinceScrape.disable();
    },
  };
}
