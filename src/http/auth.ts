import bearerAuth from "@fastify/bearer-auth";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopbackHost } from "../config/loopback.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import { normaliseRolloutId } from "../core/ids.ts";
import { unfinishedStatuses } from "../model/rollout.ts";
import type { RolloutService } from "../rollout/rollout-service.ts";
import { ANONYMOUS, bearerOf, KeyNames, passwordOf, ROLLOUT_KEY } from "./caller.ts";
import { RolloutKeys } from "./rollout-keys.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Open without a key. */
    public?: boolean;
    /** The key may come as `?key=`, for callers that can send no headers. */
    keyInQuery?: boolean;
    /** The key may come in `x-api-key`, for callers that send it there. */
    keyInHeader?: boolean;
    /** The key may be the password of `Basic`, for callers whose address is all that can carry it. */
    keyAsPassword?: boolean;
    /** Open to the key of the rollout that its path names. */
    rolloutKey?: boolean;
  }
}

export interface KeyOptions {
  readonly keys: readonly string[];
  /** Names of the keys, in their order. */
  readonly names: readonly string[];
  readonly anonymousLoopback: boolean;
  readonly rolloutKeys: RolloutKeys;
  readonly service: Pick<RolloutService, "get">;
}

/**
 * From this machine, without a key, and meant for this machine: a page in a local browser that was led here by a name
 * of its own (DNS rebinding) sends that name as the host.
 */
function isAnonymousLoopback(request: FastifyRequest): boolean {
  const { headers, socket } = request.raw;
  return (
    headers.authorization === undefined &&
    headers.origin === undefined &&
    isLoopbackHost(socket.remoteAddress ?? "") &&
    isLoopbackHost(request.hostname)
  );
}

/** The key of a request that does not come as a bearer token, where its route takes it so. */
function keyElsewhere(request: FastifyRequest): string | undefined {
  const { routeOptions, headers, query } = request;
  const { keyAsPassword, keyInHeader, keyInQuery } = routeOptions.config;
  const password = keyAsPassword ? passwordOf(request) : undefined;
  if (password !== undefined) return password;
  // A bearer token comes first.
  if (headers.authorization !== undefined) return undefined;
  const header = headers["x-api-key"];
  if (keyInHeader && typeof header === "string" && header !== "") return header;
  const { key } = query as { key?: unknown };
  return keyInQuery && typeof key === "string" ? key : undefined;
}

/** As `assertOpensRollout`, for a hook that is told and not awaited. */
async function letInto(
  request: FastifyRequest,
  key: string,
  options: Pick<KeyOptions, "rolloutKeys" | "service">,
  done: (error?: Error) => void,
): Promise<void> {
  try {
    await assertOpensRollout(request, key, options);
  } catch (error) {
    return done(toBerthError(error));
  }
  done();
}

/** @throws BerthError `unauthorized`, for a rollout that has ended too */
async function assertOpensRollout(
  { routeOptions, params }: FastifyRequest,
  key: string,
  { rolloutKeys, service }: Pick<KeyOptions, "rolloutKeys" | "service">,
): Promise<void> {
  const { rollout_id: text = "" } = params as { rollout_id?: string };
  const id = normaliseRolloutId(text);
  if (routeOptions.config.rolloutKey && id !== undefined && rolloutKeys.isOf(id, key)) {
    const { status } = await service.get(id);
    if (unfinishedStatuses.includes(status)) return;
  }
  throw new BerthError(
    "unauthorized",
    "The key of a rollout opens the tools of that rollout alone, until it has ended.",
  );
}

/** Refuses every request without a key, unknown paths included, but for routes with `config.public`. Compares in constant time. */
export function requireKey(app: FastifyInstance, options: KeyOptions): void {
  app.register(bearerAuth, {
    keys: [...options.keys],
    addHook: false,
    specCompliance: "rfc6749",
    verifyErrorLogLevel: "debug",
  });
  const keyNames = new KeyNames(options.keys, options.names);
  app.decorateRequest("caller", ANONYMOUS);
  app.addHook("onRequest", (request, reply, done) => {
    if (request.routeOptions.config.public) return done();
    const elsewhere = keyElsewhere(request);
    if (elsewhere !== undefined) request.headers.authorization = `Bearer ${elsewhere}`;
    if (options.anonymousLoopback && isAnonymousLoopback(request)) return done();
    const sent = bearerOf(request);
    if (sent !== undefined && RolloutKeys.isOne(sent)) {
      request.caller = ROLLOUT_KEY;
      void letInto(request, sent, options, done);
      return;
    }
    const { verifyBearerAuth } = app;
    if (!verifyBearerAuth) return done(new BerthError("internal", "The key check is not loaded."));
    verifyBearerAuth(request, reply, (refused?: Error) => {
      if (!refused) {
        request.caller = keyNames.of(request);
        return done();
      }
      reply.header("www-authenticate", "Bearer");
      const sent = request.headers.authorization !== undefined;
      done(
        new BerthError(
          "unauthorized",
          sent ? "The key is not one of this controller's." : "The request carries no key.",
        ),
      );
    });
  });
}
