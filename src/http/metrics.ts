import { Counter, Histogram, Registry, collectDefaultMetrics } from "prom-client";

export interface Metrics {
  /** Other parts of the controller may add theirs. */
  readonly registry: Registry;
  readonly requests: Counter<"method" | "route" | "status">;
  readonly requestSeconds: Histogram<"method" | "route">;
  /** `result` is `ok` or the code of the error that the model was shown. */
  readonly toolSeconds: Histogram<"tool" | "result">;
  readonly errors: Counter<"code" | "cause">;
}

/** A registry of its own: two apps in one process count apart. */
export function createMetrics(options: { process?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.process ?? true) collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Counter({
      name: "berth_http_requests_total",
      help: "Requests answered, by route and status.",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    requestSeconds: new Histogram({
      name: "berth_http_request_seconds",
      help: "Time from a request to the end of its answer.",
      labelNames: ["method", "route"],
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 900],
      registers,
    }),
    toolSeconds: new Histogram({
      name: "berth_tool_call_seconds",
      help: "Time from a tool call's arrival to its durable result.",
      labelNames: ["tool", "result"],
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 900],
      registers,
    }),
    errors: new Counter({
      name: "berth_errors_total",
      help: "Requests that failed, by error code and who caused it.",
      labelNames: ["code", "cause"],
      registers,
    }),
  };
}
