import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { ControllerUnreachable } from "./failure.ts";
import { withPatience, type Repeatable } from "./patience.ts";
import { refusalOf, strangerAt } from "./refusal.ts";
import { jsonOf, send } from "./transport.ts";

const usualMs = 30_000;

/** Where a controller listens, and how long to bear with it. */
export interface ClientOptions {
  /** With or without a slash at the end. */
  readonly url: string;
  /** One of the controller's keys; without it only a controller that lets its own machine in answers. */
  readonly apiKey?: string | undefined;
  /**
   * Seconds for which a request is sent again that was refused as too many, cut off, or met by a controller that restarts; 300 when it is left
   * out, 0 sends each request once. Only what the controller knows by an id is ever sent twice.
   */
  readonly patienceSeconds?: number | undefined;
}

export interface Asked<Schema extends z.ZodType> {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly answer: Schema;
  readonly repeatable?: Repeatable;
  /** For one attempt, until the answer's head has come. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one controller, and what their answers mean. */
export class Requests {
  readonly url: string;
  readonly #apiKey: string | undefined;
  readonly #patienceMs: number;

  constructor({ url, apiKey, patienceSeconds = 300 }: ClientOptions) {
    this.url = url.replace(/\/+$/, "");
    this.#apiKey = apiKey;
    this.#patienceMs = patienceSeconds * 1000;
  }

  /** The answer, held to its schema. @throws BerthFailure; the signal's reason when it aborts */
  async ask<Schema extends z.ZodType>(asked: Asked<Schema>): Promise<{ value: z.output<Schema>; status: number }> {
    return await this.patiently(asked, async () => {
      const response = await this.open(asked);
      const status = response.statusCode ?? 0;
      const parsed = asked.answer.safeParse(await this.#contentOf(response, asked.signal));
      if (!parsed.success) throw strangerAt(this.url, status);
      return { value: parsed.data, status };
    });
  }

  /** An answer whose content is read as it comes. @throws BerthFailure when it is no success */
  async open({ method, path, body, timeoutMs = usualMs, signal }: Asked<z.ZodType>): Promise<IncomingMessage> {
    const headers = {
      ...(this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const response = await send({
      base: this.url,
      method,
      path,
      headers,
      timeoutMs,
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const status = response.statusCode ?? 0;
    if (status < 200 || status >= 300) throw refusalOf(response, await this.#contentOf(response, signal), this.url);
    return response;
  }

  /** For what takes more than one request: the same patience for all of it. */
  patiently<T>(
    { method, repeatable = method === "POST" ? "when-refused" : "always", signal }: Asked<z.ZodType>,
    attempt: () => Promise<T>,
  ): Promise<T> {
    return withPatience(attempt, { patienceMs: this.#patienceMs, repeatable, signal });
  }

  /** Whether what was cut off is tried again at all. */
  get isPatient(): boolean {
    return this.#patienceMs > 0;
  }

  async #contentOf(response: IncomingMessage, signal: AbortSignal | undefined): Promise<unknown> {
    try {
      return await jsonOf(response, this.url);
    } catch (error) {
      if (error instanceof ControllerUnreachable) signal?.throwIfAborted();
      throw error;
    }
  }
}
