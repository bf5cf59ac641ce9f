import { LogController, fastify, type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import type { Config } from "../config/schema.ts";
import { Turnstile } from "../core/turnstile.ts";
import type { Logger } from "../core/log.ts";
import type { RolloutService } from "../rollout/rollout-service.ts";
import type { Tool } from "../tool/tool.ts";
import { requireKey } from "./auth.ts";
import { acceptOnlyJson } from "./body.ts";
import { systemClock } from "../core/clock.ts";
import { systemIds } from "../core/ids.ts";
import { answerErrors, answerFrameworkError } from "./error-handler.ts";
import { forwardToHolders } from "./forwarding/forwarding.ts";
import { watchEventLoop } from "./metrics/event-loop.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { observeRequests, requestId } from "./observe.ts";
import { describeApi } from "./openapi.ts";
import type { RolloutKeys } from "./rollout-keys.ts";
import { typed, type ReadinessChecks, type Route, type RouteContext } from "./route.ts";
import { routes } from "./routes/index.ts";
import { validatorCompiler } from "./validation.ts";
import { WebSockets } from "./websockets.ts";

/** Requests that may come together and be worked on before whatever else the controller does. */
const REQUESTS_A_TURN = 16;

export interface AppOptions {
  readonly service: RolloutService;
  readonly tools: readonly Tool[];
  readonly config: Pick<Config, "api_keys" | "api_key_names" | "allow_anonymous_loopback" | "max_body_bytes"> &
    Partial<Pick<Config, "store_url">>;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly rolloutKeys: RolloutKeys;
  /** Doors of other wire protocols to the same rollouts. */
  readonly dialects?: readonly Route[];
  /** Asked by /readyz, each at most 5 s. */
  readonly readiness?: ReadinessChecks;
  /** A comment on each silent event stream, so that proxies keep it open. Default 15 s. */
  readonly eventHeartbeatMs?: number;
}

/** The HTTP API apart from listening: give it requests with `inject`, or call `listen`. */
export function buildApp(options: AppOptions): FastifyInstance {
  const { config, log, metrics } = options;
  const logger: FastifyBaseLogger = log;
  const webSockets = new WebSockets();
  const app: FastifyInstance = fastify({
    http: webSockets.serverOptions,
    loggerInstance: logger,
    // observe.ts logs requests by route.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.max_body_bytes,
    genReqId: requestId,
    requestIdHeader: false,
    frameworkErrors: answerFrameworkError,
    routerOptions: { maxParamLength: 256 },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  const turnstile = new Turnstile(REQUESTS_A_TURN);
  app.addHook("onRequest", () => turnstile.pass());

  const closing = new AbortController();
  app.addHook("preClose", async () => closing.abort());
  // A connection that its client keeps would hold up the end until it is idle for long.
  app.addHook("onSend", async (_request, reply) => {
    if (closing.signal.aborted) reply.header("connection", "close");
  });
  // From the moment that requests may come: what the start itself takes delays nobody.
  const whileListening = new DisposableStack();
  app.addHook("onListen", async () => void whileListening.use(watchEventLoop(metrics.registry)));
  app.addHook("onClose", async () => whileListening.dispose());

  observeRequests(app, metrics);
  answerErrors(app, { metrics, maxBodyBytes: config.max_body_bytes });
  requireKey(app, {
    keys: config.api_keys,
    names: config.api_key_names,
    anonymousLoopback: config.allow_anonymous_loopback,
    rolloutKeys: options.rolloutKeys,
    service: options.service,
  });
  acceptOnlyJson(app);
  // Only a database that others can share has other controllers.
  if (config.store_url) {
    const { service } = options;
    forwardToHolders(app, { service, clock: systemClock, ids: systemIds, closing: closing.signal });
  }
  describeApi(app);
  webSockets.accept(app, config.max_body_bytes);

  const context: RouteContext = {
    service: options.service,
    tools: options.tools,
    metrics,
    rolloutKeys: options.rolloutKeys,
    readiness: options.readiness ?? {},
    eventHeartbeatMs: options.eventHeartbeatMs ?? 15_000,
    closing: closing.signal,
  };
  app.register(async (scope) => {
    for (const route of [...routes, ...(options.dialects ?? [])]) route(typed(scope), context);
  });
  return app;
}
