import { Counter, Histogram, type Registry } from "prom-client";
import { secondsBuckets } from "./seconds.ts";

/** What is known of requests, whatever they ask for. */
export interface RequestMetrics {
  readonly requests: Counter<"method" | "route" | "status">;
  readonly requestSeconds: Histogram<"method" | "route">;
  readonly errors: Counter<"code" | "cause">;
}

export function createRequestMetrics(registry: Registry): RequestMetrics {
  const registers = [registry];
  return {
    requests: new Counter({
      name: "berth_http_requests_total",
      help: "Requests answered.",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    requestSeconds: new Histogram({
      name: "berth_http_request_seconds",
      help: "Time from a request to the end of its answer.",
      labelNames: ["method", "route"],
      buckets: secondsBuckets,
      registers,
    }),
    errors: new Counter({
      name: "berth_errors_total",
      help: "Requests that were answered with an error.",
      labelNames: ["code", "cause"],
      registers,
    }),
  };
}
