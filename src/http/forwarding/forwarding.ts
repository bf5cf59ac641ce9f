import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../core/clock.ts";
import { BerthError, toBerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import type { RolloutService, Whereabouts } from "../../rollout/rollout-service.ts";
import { askHolder, FORWARDED, type Answer, type Question } from "./ask-holder.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answered by the controller that holds the rollout of its path, or the one that the function finds in a request; undefined: here. */
    atHolder?: true | ((request: FastifyRequest) => string | undefined);
    /** Gives a body a call id before it leaves, so that it is the same call wherever it is asked for again. */
    nameCall?: (body: unknown, makeId: () => string) => void;
  }
  interface FastifyReply {
    /**
     * For a rollout that turned out to be another controller's only while it was answered for here: asks that one and sends its answer. False when it
     * is to be answered here after all. Missing where no other controller can be. @throws BerthError `fenced`, `shutting_down`
     */
    answeredByHolder?: () => Promise<boolean>;
  }
}

export interface ForwardingOptions {
  readonly service: Pick<RolloutService, "locate">;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Aborts when the app closes. */
  readonly closing: AbortSignal;
}

/** For a controller that neither answers nor can be replaced: longer than a lease, and than what is done when one ended. */
const PATIENCE_MS = 60_000;
const ASK_AGAIN_MS = 200;
/** How often it is seen to, while another works on an answer, that it still is the one. */
const LOOK_MS = 2_000;

/** What of an answer is passed on besides its body. */
const passedOn = [
  "content-type",
  "cache-control",
  "retry-after",
  "x-accel-buffering",
  "mcp-session-id",
  "set-cookie",
] as const;

/** What of a request is sent on: a dialect's own headers are its own business. */
const isSentOn = (name: string): boolean =>
  name === "authorization" || name === "accept" || name === "cookie" || name.startsWith("mcp-");

/**
 * Sends requests about a rollout to the controller that holds it, event streams too. When that one dies or lets go of it meanwhile, the request is
 * answered by whoever has it next: here, or elsewhere. A request that was sent on is not sent on again.
 */
export function forwardToHolders(app: FastifyInstance, options: ForwardingOptions): void {
  const goOn = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    found: Whereabouts | Promise<Whereabouts>,
    done: (error?: BerthError) => void,
  ) => {
    try {
      if (!(await elsewhere(request, reply, { ...options, id, found }))) done();
    } catch (error) {
      done(toBerthError(error));
    }
  };
  app.decorateReply("answeredByHolder", function answeredByHolder(this: FastifyReply) {
    const id = rolloutOf(this.request);
    if (id === undefined) return Promise.resolve(false);
    return elsewhere(this.request, this, { ...options, id, found: options.service.locate(id) });
  });
  app.addHook("preHandler", (request, reply, done) => {
    const id = rolloutOf(request);
    if (id === undefined) return done();
    let found: Whereabouts | Promise<Whereabouts>;
    try {
      found = options.service.locate(id);
    } catch (error) {
      return done(toBerthError(error));
    }
    // Most are: they are not held up.
    if (found === "here") return done();
    void goOn(request, reply, id, found, done);
  });
}

function rolloutOf(request: FastifyRequest): string | undefined {
  const { atHolder } = request.routeOptions.config;
  if (typeof atHolder === "function") return atHolder(request);
  return atHolder && (request.params as { rollout_id: string }).rollout_id;
}

/** False when it is to be answered here after all. */
async function elsewhere(
  request: FastifyRequest,
  reply: FastifyReply,
  options: ForwardingOptions & { id: string; found: Whereabouts | Promise<Whereabouts> },
): Promise<boolean> {
  const { id, service, clock, closing } = options;
  let { found } = options;
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  const giveUpAt = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const at = await found;
    if (at === "here") return false;
    if (request.headers[FORWARDED] !== undefined) throw notHere(id);
    const answer = at.url === null ? undefined : await answerOf(at.url, at.controller, request, { ...options, signal });
    if (answer) {
      pass(answer, reply);
      return true;
    }
    // Nobody waits any more, or the next controller is asked.
    if (gone.signal.aborted) return true;
    if (closing.aborted) throw new BerthError("shutting_down", "The controller is shutting down.");
    if (clock.monotonic() > giveUpAt) throw notHere(id);
    await clock.sleep(ASK_AGAIN_MS, signal).catch(() => undefined);
    found = service.locate(id);
  }
}

const notHere = (id: string): BerthError =>
  new BerthError("fenced", `Another controller holds the rollout ${id}, and it does not answer.`);

/** Broken off as soon as another holds the rollout, or nobody. */
async function answerOf(
  url: string,
  controller: string,
  request: FastifyRequest,
  { id, service, clock, ids, signal }: ForwardingOptions & { id: string; signal: AbortSignal },
): Promise<Answer | undefined> {
  const moved = new AbortController();
  const over = new AbortController();
  const watch = async () => {
    for (;;) {
      await clock.sleep(LOOK_MS, over.signal);
      const at = await Promise.resolve(service.locate(id)).catch(() => undefined);
      if (at !== undefined && (at === "here" || at.controller !== controller)) return moved.abort();
    }
  };
  void watch().catch(() => undefined);
  try {
    const question = questionOf(request, ids);
    return await askHolder(url, question, AbortSignal.any([signal, moved.signal]));
  } finally {
    over.abort();
  }
}

function questionOf(request: FastifyRequest, ids: IdSource): Question {
  const sent = Object.entries(request.headers).flatMap(([name, value]) =>
    isSentOn(name) && typeof value === "string" ? [[name, value] as const] : [],
  );
  const body = withCallId(request, ids);
  return {
    method: request.method,
    path: request.url,
    headers: {
      "x-request-id": request.id,
      ...Object.fromEntries(sent),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    body,
  };
}

function withCallId({ body, routeOptions }: FastifyRequest, ids: IdSource): string | undefined {
  if (body === undefined || body === null) return undefined;
  routeOptions.config.nameCall?.(body, () => `call_${ids.hex(12)}`);
  return JSON.stringify(body);
}

function pass({ status, headers, body }: Answer, reply: FastifyReply): void {
  if (!Buffer.isBuffer(body)) reply.raw.once("close", () => body.destroy());
  for (const name of passedOn) {
    const value = headers[name];
    if (value !== undefined) reply.header(name, value);
  }
  // A kept connection would hold up the controller's end for as long as the client keeps it.
  if (headers["content-type"]?.startsWith("text/event-stream") === true) reply.header("connection", "close");
  reply.code(status).send(body);
}
