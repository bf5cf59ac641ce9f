import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Metrics } from "./metrics/metrics.ts";

/** The caller's `x-request-id` when it is harmless, else a new one. */
export function requestId(request: Pick<IncomingMessage, "headers">): string {
  const sent = request.headers["x-request-id"];
  return typeof sent === "string" && /^[\w.:-]{1,128}$/.test(sent) ? sent : randomUUID();
}

/** Gives each answer its request id, counts it by route, and logs it; what machines poll is logged as `debug`. */
export function observeRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    // The pattern, never the path: ids would make a series each.
    const route = request.routeOptions.url ?? "unmatched";
    metrics.requests.inc({ method: request.method, route, status: String(reply.statusCode) });
    metrics.requestSeconds.observe({ method: request.method, route }, reply.elapsedTime / 1000);
    const level = request.routeOptions.config.public || route === "/metrics" ? "debug" : "info";
    request.log[level](
      {
        method: request.method,
        route,
        url: withoutKey(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      "request",
    );
  });
}

/** A query may carry the caller's key. */
const withoutKey = (url: string): string => url.replace(/([?&]key=)[^&]*/g, "$1…");
