import { setTimeout as pause } from "node:timers/promises";
import type { Item } from "../../../model/item.ts";
import { post } from "./post.ts";

/** After a 5xx, or no answer at all. */
const RETRIES = 3;
const RETRY_PAUSE_MS = 1_000;

export interface Address {
  /** Of Berth, without a path. */
  readonly url: string;
  readonly key: string;
  /** The key goes into the URL, as for trainers that can send no headers. */
  readonly keyInUrl?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly body: unknown;
  readonly ms: number;
  /** How often it was sent again. */
  readonly retries: number;
}

export interface CallToSend {
  readonly name: string;
  readonly arguments: unknown;
  readonly traceId: string;
  readonly item: Item | null;
  readonly callId: string;
  readonly id?: string;
}

/** Sends what hosted trainers send, the way they do: JSON, the same headers for a whole job, again after a 5xx. */
export class StandInTrainer {
  readonly #address: Address;
  readonly #retryPauseMs: number;
  /** Rollouts that a trainer would have thrown away, by trace. */
  readonly discarded = new Map<string, string>();
  /** Traces that were called and not graded. */
  readonly #open = new Map<string, Item | null>();

  constructor(address: Address, { retryPauseMs = RETRY_PAUSE_MS } = {}) {
    this.#address = address;
    this.#retryPauseMs = retryPauseMs;
  }

  call({ name, arguments: args, traceId, item, callId, id = `fc_${callId}` }: CallToSend): Promise<Answer> {
    this.#open.set(traceId, item ?? this.#open.get(traceId) ?? null);
    const body = { type: "function_call", id, call_id: callId, name, arguments: args, trace_id: traceId, item };
    return this.#tried("/v1/agent-rft/tools", body, traceId);
  }

  grade(traceId: string, item: Item | null, text: string): Promise<Answer> {
    this.#open.delete(traceId);
    const message = { role: "assistant", content: text, tool_calls: [] };
    const sample = {
      choices: [{ index: 0, message, finish_reason: "stop" }],
      output_text: text,
      output_json: null,
      output_tools: [],
      output_reasoning_summary: null,
    };
    return this.#tried("/v1/agent-rft/grade", { sample, item, trace_id: traceId }, traceId);
  }

  /** Has what was begun graded, so that it keeps no sandbox; whatever comes of it. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#open].map(([trace, item]) => this.grade(trace, item, "")));
  }

  /** Once, as it is. @throws Error when no answer comes */
  async send(path: string, body: string | object, address: Partial<Address> = {}): Promise<Answer> {
    const { url, key, keyInUrl } = { ...this.#address, ...address };
    const target = new URL(path, url);
    if (keyInUrl) target.searchParams.set("key", key);
    const began = performance.now();
    const headers = { ...(keyInUrl ? {} : { authorization: `Bearer ${key}` }) };
    const { status, text } = await post(target, headers, typeof body === "string" ? body : JSON.stringify(body));
    return { status, text, body: parsed(text), ms: performance.now() - began, retries: 0 };
  }

  async #tried(path: string, body: object, traceId: string): Promise<Answer> {
    const began = performance.now();
    for (let retries = 0; ; retries++) {
      const answer = await this.send(path, body).catch((error: unknown): Answer => ({
        status: 599,
        text: String(error),
        body: undefined,
        ms: 0,
        retries: 0,
      }));
      if (answer.status < 500 || retries === RETRIES) {
        if (answer.status >= 500) this.discarded.set(traceId, `${answer.status} ${answer.text.slice(0, 300)}`);
        return { ...answer, retries, ms: performance.now() - began };
      }
      await pause(this.#retryPauseMs * 2 ** retries);
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
