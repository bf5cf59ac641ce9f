import bearerAuth from "@fastify/bearer-auth";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopbackHost } from "../config/loopback.ts";
import { BerthError } from "../core/errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Open without a key. */
    public?: boolean;
  }
}

export interface KeyOptions {
  readonly keys: readonly string[];
  readonly anonymousLoopback: boolean;
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

/** Refuses every request without a key, unknown paths included, but for routes with `config.public`. Compares in constant time. */
export function requireKey(app: FastifyInstance, options: KeyOptions): void {
  app.register(bearerAuth, {
    keys: [...options.keys],
    addHook: false,
    specCompliance: "rfc6749",
    verifyErrorLogLevel: "debug",
  });
  app.addHook("onRequest", (request, reply, done) => {
    if (request.routeOptions.config.public) return done();
    if (options.anonymousLoopback && isAnonymousLoopback(request)) return done();
    const { verifyBearerAuth } = app;
    if (!verifyBearerAuth) return done(new BerthError("internal", "The key check is not loaded."));
    verifyBearerAuth(request, reply, (refused?: Error) => {
      if (!refused) return done();
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
