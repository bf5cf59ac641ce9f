import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BerthRequestError, refusalOf } from "./request-error.ts";

/** Where a controller is, and with which key it is asked. */
export interface ControllerAddress {
  /** Of the controller, without a path: `https://berth.example:8080`. */
  readonly url: string;
  /** The controller's, or that of the rollout where only its tools are used. Without one: none is sent. */
  readonly key?: string | undefined;
  /** Milliseconds until a request is given up, what is asked again included. Default: 600 000. */
  readonly timeoutMs?: number | undefined;
}

const DEADLINE_MS = 600_000;
const FIRST_PAUSE_MS = 250;
const MOST_PAUSE_MS = 4_000;
const MOST_TRIES = 6;
/** The controller's answers are below 1 MB each; an item may hold 32 of them. */
const MOST_ANSWER_BYTES = 40_000_000;

export const newCallId = (): string => `call_${randomUUID().replaceAll("-", "")}`;

/** Requests to one controller. */
export class Connection {
  readonly #address: ControllerAddress;

  constructor(address: ControllerAddress) {
    this.#address = address;
  }

  /**
   * Asks again when no answer comes or the controller says that it may: whatever is sent through here has an id, so it happens at most once.
   * @throws BerthRequestError what the controller refused, or `unreachable`
   */
  async send(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<unknown> {
    const signal = AbortSignal.timeout(this.#address.timeoutMs ?? DEADLINE_MS);
    for (let tries = 1, pauseMs = FIRST_PAUSE_MS; ; tries++, pauseMs = Math.min(pauseMs * 2, MOST_PAUSE_MS)) {
      try {
        return await this.#once(method, path, body, signal);
      } catch (thrown) {
        const mayHelp = !(thrown instanceof BerthRequestError) || thrown.retryable;
        if (mayHelp && tries < MOST_TRIES && !signal.aborted) await sleep(pauseMs);
        else
          throw thrown instanceof BerthRequestError ? thrown : BerthRequestError.unreachable(this.#address.url, thrown);
      }
    }
  }

  async #once(method: string, path: string, body: object | undefined, signal: AbortSignal): Promise<unknown> {
    const { key, url } = this.#address;
    const reply = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await readBounded(reply);
    if (!reply.ok) throw refusalOf(reply.status, text);
    return JSON.parse(text) as unknown;
  }
}

async function readBounded({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MOST_ANSWER_BYTES)
      throw new BerthRequestError("guest_protocol", "The answer is larger than any of a controller.", {});
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
