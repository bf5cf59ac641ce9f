import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { ControllerUnreachable } from "./failure.ts";

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

/** Of an answer that is read whole: a long trajectory has thousands of outputs below 1 MB. */
const mostBytes = 256 * 1024 ** 2;
/** Heartbeats of streams come every 15 s. */
const silenceMs = 60_000;

function reasonOf(error: unknown, timeoutMs: number): string {
  const { code, name, message } = error as Partial<NodeJS.ErrnoException>;
  if (name === "TimeoutError") return `no answer within ${Math.round(timeoutMs / 1000)} s`;
  return message || code || String(error);
}

/**
 * One request; its answer fails when 60 s pass without a byte of it. Built on node:http because fetch gives up after five minutes without a head,
 * which grading may take.
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
    const begin = (response: IncomingMessage) => {
      const silent = () => response.destroy(new Error(`nothing came for ${silenceMs / 1000} s`));
      resolve(response.setTimeout(silenceMs, silent).setEncoding("utf8"));
    };
    start(url, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
      signal: ends,
    })
      .once("response", begin)
      .once("error", fail)
      .end(body);
  }).finally(() => clearTimeout(timer));
}

/** The whole answer; undefined when it is no JSON. @throws ControllerUnreachable when it is cut, or larger than 256 Mi characters */
export async function jsonOf(response: IncomingMessage, url: string): Promise<unknown> {
  const pieces: string[] = [];
  let length = 0;
  try {
    for await (const piece of response as AsyncIterable<string>) {
      length += piece.length;
      if (length > mostBytes) throw new RangeError(`the answer is larger than ${mostBytes} characters`);
      pieces.push(piece);
    }
  } catch (error) {
    const reason = error instanceof RangeError ? error.message : "the answer was cut";
    throw new ControllerUnreachable(url, reason, error);
  }
  try {
    return JSON.parse(pieces.join(""));
  } catch {
    return undefined;
  }
}
