import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

/** The controller cannot be talked to at all: nothing listens, the name does not resolve, the time is up. */
export class ControllerUnreachable extends Error {
  readonly url: string;

  constructor(url: string, reason: string, cause: unknown) {
    super(`The controller at ${url} cannot be reached: ${reason}.`, { cause });
    this.name = "ControllerUnreachable";
    this.url = url;
  }
}

export interface OutgoingRequest {
  readonly base: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The most that may pass until the answer's head has come. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { code, name, message } = error as Partial<NodeJS.ErrnoException>;
  if (name === "TimeoutError") return `no answer within ${Math.round(timeoutMs / 1000)} s`;
  return message || code || String(error);
}

/**
 * One request. Built on node:http because fetch gives up after five minutes without a head, which grading may take.
 * @throws ControllerUnreachable; the signal's reason when it aborts
 */
export function send(outgoing: OutgoingRequest): Promise<IncomingMessage> {
  const { base, method, path, headers, body, timeoutMs, signal } = outgoing;
  const url = new URL(base + path);
  const start = url.protocol === "https:" ? httpsRequest : httpRequest;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("late", "TimeoutError")), timeoutMs);
  const ends = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  return new Promise<IncomingMessage>((resolve, reject) => {
    const fail = (error: Error) => {
      if (signal?.aborted) return reject(signal.reason);
      const cause: unknown = late.signal.aborted ? late.signal.reason : error;
      return reject(new ControllerUnreachable(base, reasonOf(cause, timeoutMs), cause));
    };
    start(url, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
      signal: ends,
    })
      .once("response", resolve)
      .once("error", fail)
      .end(body);
  }).finally(() => clearTimeout(timer));
}
