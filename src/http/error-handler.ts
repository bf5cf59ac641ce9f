import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { BerthError, type ErrorCode } from "../core/errors.ts";
import type { Metrics } from "./metrics/metrics.ts";

/** Seconds after which a refused request is worth sending again, where the refusal itself does not know. Only for retryable codes: anything else would be sent in vain. */
const retryAfterSeconds: Readonly<Partial<Record<ErrorCode, number>>> = {
  overloaded: 5,
  fenced: 1,
  shutting_down: 10,
  provider_unavailable: 15,
};

/** What callers are told of a failure. A failure that is not ours to name becomes `internal` and says nothing of its inside. */
function nameFailure(thrown: unknown, maxBodyBytes: number): BerthError {
  if (thrown instanceof BerthError && thrown.code !== "internal") return thrown;
  const status = (thrown as Partial<FastifyError> | null)?.statusCode ?? 500;
  if (status === 413) {
    return new BerthError("request_too_large", `The body is larger than ${maxBodyBytes} bytes.`, { cause: thrown });
  }
  if (status === 415) {
    return new BerthError("invalid_request", "The body must be JSON, sent with `content-type: application/json`.", {
      cause: thrown,
    });
  }
  if (!(thrown instanceof BerthError) && status >= 400 && status < 500 && thrown instanceof Error) {
    return new BerthError("invalid_request", thrown.message, { cause: thrown });
  }
  return new BerthError("internal", "The controller failed in a way that it does not know.", { cause: thrown });
}

function send(request: FastifyRequest, reply: FastifyReply, error: BerthError): FastifyReply {
  const level = error.code === "internal" ? "error" : error.causedBy === "infra" ? "warn" : "debug";
  request.log[level]({ code: error.code, err: error }, error.message);
  if ((error.status === 429 || error.status === 503) && error.retryable) {
    reply.header("retry-after", String(error.retryAfterSeconds ?? retryAfterSeconds[error.code] ?? 5));
  }
  return reply.code(error.status).type("application/json").send({ error: error.report(), request_id: request.id });
}

/** Every failure leaves in one form, with the status of the error table. */
export function answerErrors(app: FastifyInstance, options: { metrics: Metrics; maxBodyBytes: number }): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = nameFailure(thrown, options.maxBodyBytes);
    options.metrics.errors.inc({ code: error.code, cause: error.causedBy });
    return send(request, reply, error);
  });
  app.setNotFoundHandler((request, reply) => {
    options.metrics.errors.inc({ code: "not_found", cause: "caller" });
    return send(
      request,
      reply,
      new BerthError("not_found", `There is no ${request.method} ${request.url.split("?", 1)[0]}.`),
    );
  });
}

/** For requests that the router itself refuses, before any hook runs: a path that is no path. */
export function answerFrameworkError(thrown: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  send(request, reply, new BerthError("invalid_request", thrown.message, { cause: thrown }));
}
