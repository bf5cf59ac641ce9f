import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { RolloutService } from "../rollout/rollout-service.ts";
import type { Tool } from "../tool/tool.ts";
import type { RolloutKeys } from "./rollout-keys.ts";
import type { Metrics } from "./metrics/metrics.ts";

/** Each resolves when the part of the controller that it is named after can work, and throws BerthError when it cannot. */
export type ReadinessChecks = Readonly<Record<string, () => Promise<void>>>;

/** What the routes stand on. */
export interface RouteContext {
  readonly service: RolloutService;
  readonly tools: readonly Tool[];
  readonly metrics: Metrics;
  readonly rolloutKeys: RolloutKeys;
  readonly readiness: ReadinessChecks;
  readonly eventHeartbeatMs: number;
  /** Aborts when the app closes: streams end then. */
  readonly closing: AbortSignal;
}

/** The app whose handlers take their types from zod schemas. */
export const typed = (app: FastifyInstance) => app.withTypeProvider<ZodTypeProvider>();

export type Route = (api: ReturnType<typeof typed>, context: RouteContext) => void;
