import { Registry, collectDefaultMetrics } from "prom-client";
import type { Measures } from "../../core/measures.ts";
import { createPrometheusMeasures } from "./prometheus-measures.ts";
import { createRequestMetrics, type RequestMetrics } from "./request-metrics.ts";

/** What /metrics shows, and where it comes from. */
export interface Metrics extends RequestMetrics {
  readonly registry: Registry;
  /** For the parts of the controller that know nothing of Prometheus. */
  readonly measures: Measures;
}

export interface MetricsOptions {
  /** The names of tools that become label values. */
  readonly tools: readonly string[];
  /** Figures of the process and of Node.js too. Default true. */
  readonly process?: boolean;
}

/** A registry of its own: two controllers in one process count apart. */
export function createMetrics({ tools, process = true }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (process) collectDefaultMetrics({ register: registry });
  return {
    registry,
    ...createRequestMetrics(registry),
    measures: createPrometheusMeasures(registry, tools),
  };
}
