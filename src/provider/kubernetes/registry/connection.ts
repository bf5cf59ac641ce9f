import { z } from "zod";
import { withDeadline } from "../../../core/deadline.ts";
import { BerthError } from "../../../core/errors.ts";
import { Authorization, type Scope } from "./authorization.ts";
import { discard, readCapped } from "./body.ts";
import { hostOf } from "./reference.ts";
import { malformed, RegistryRefusal, unreachable } from "./refusal.ts";

const MAX_ERROR_BYTES = 64 * 1024;

export interface RegistryRequest {
  /** For messages: `look for the manifest latest`. */
  readonly doing: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/v2/`, or an address that the registry gave. */
  readonly at: string | URL;
  readonly scope: Scope;
  readonly headers?: Readonly<Record<string, string>>;
  /** What cannot be sent twice is sent after something of the same scope, so that nobody is asked who they are. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Statuses besides 2xx that are an answer. */
  readonly accepts?: readonly number[];
  /** Milliseconds for all of it, what `use` does with the body included. */
  readonly deadlineMs: number;
}

const errorReply = z.object({ errors: z.array(z.object({ code: z.string() })).min(1) });

/** One registry over HTTP. Every request ends: by its answer, its deadline or the caller's signal. */
export class RegistryConnection {
  readonly registry: string;
  readonly #base: URL;
  readonly #authorization: Authorization;

  constructor(
    registry: string,
    { insecure, credentials }: { readonly insecure: boolean; readonly credentials: string },
  ) {
    this.registry = registry;
    this.#base = new URL(`${insecure ? "http" : "https"}://${hostOf(registry)}/v2/`);
    this.#authorization = new Authorization(registry, credentials);
  }

  /**
   * Asks, and has `use` read the answer within the same deadline.
   * @throws RegistryRefusal, BerthError `provider_unavailable`, `deadline_exceeded`, `invalid_config`, or what `use` throws
   */
  async ask<T>(
    request: RegistryRequest,
    use: (reply: Response, signal: AbortSignal) => Promise<T>,
    parent?: AbortSignal,
  ): Promise<T> {
    const { doing, deadlineMs } = request;
    const what = `Asking the registry ${this.registry} to ${doing}`;
    return await withDeadline(
      what,
      deadlineMs,
      async (signal) => {
        try {
          return await use(await this.#authorized(request, signal), signal);
        } catch (thrown) {
          signal.throwIfAborted();
          if (thrown instanceof BerthError || thrown instanceof RegistryRefusal) throw thrown;
          throw unreachable(this.registry, doing, thrown);
        }
      },
      { parent },
    );
  }

  async #authorized(request: RegistryRequest, signal: AbortSignal): Promise<Response> {
    const { scope, doing, accepts = [] } = request;
    let reply = await this.#send(request, this.#authorization.known(scope), signal);
    if (reply.status === 401 && isRepeatable(request.body)) {
      const header = await this.#authorization.answer(reply.headers.get("www-authenticate"), scope, signal);
      if (header !== undefined) {
        await discard(reply);
        reply = await this.#send(request, header, signal);
      }
    }
    if (reply.ok || accepts.includes(reply.status)) return reply;
    const said = errorReply.safeParse(await jsonOf(reply));
    throw new RegistryRefusal(doing, reply.status, said.data?.errors[0]?.code.slice(0, 100));
  }

  #send(request: RegistryRequest, authorization: string | undefined, signal: AbortSignal): Promise<Response> {
    const { at, method, headers, body } = request;
    const url = typeof at === "string" ? new URL(at, this.#base) : at;
    // What authorizes here is nobody else's to see.
    const isOurs = url.host === this.#base.host;
    return fetch(url, {
      method,
      signal,
      headers: { ...headers, ...(authorization === undefined || !isOurs ? {} : { authorization }) },
      ...(body === undefined ? {} : { body, duplex: "half" }),
    });
  }

  /** The address that an answer names, for what comes next. @throws BerthError `provider_unavailable` when it names none */
  next(reply: Response, doing: string): URL {
    const location = reply.headers.get("location");
    if (location === null || !URL.canParse(location, reply.url)) {
      throw malformed(this.registry, doing, "it names no address to go on at");
    }
    return new URL(location, reply.url);
  }
}

const isRepeatable = (body: RegistryRequest["body"]): boolean => body === undefined || body instanceof Uint8Array;

async function jsonOf(reply: Response): Promise<unknown> {
  try {
    return JSON.parse((await readCapped(reply, MAX_ERROR_BYTES)).toString("utf8"));
  } catch {
    return undefined;
  }
}
