import { setTimeout as sleep } from "node:timers/promises";
import type { EnvironmentInput } from "../../src/model/environment.ts";
import type { Rollout } from "../../src/model/rollout.ts";
import type { ToolCallResult } from "../../src/model/tool-call.ts";
import type { Verdict } from "../../src/model/verdict.ts";

const second = 1_000;
/** Longest that one request may take; below the 300 s after which Node's fetch gives up by itself. */
const requestMs = 280 * second;
/** A controller that is full says when to come again; longer than this in all, and the rollout has failed. */
const patienceMs = 600 * second;

/** A tool as chat completions take it. */
export interface ToolSchema {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description: string;
    readonly parameters: Record<string, unknown>;
  };
}

interface Refusal {
  readonly error: { readonly code: string; readonly cause: string; readonly message: string; readonly remedy: string };
}

/** The controller refused, with a code of docs/errors.md. */
export class Refused extends Error {
  readonly code: string;
  readonly causedBy: string;

  constructor({ error }: Refusal) {
    super(`${error.message} ${error.remedy}`);
    this.code = error.code;
    this.causedBy = error.cause;
  }
}

/** As much of Berth's HTTP API as it takes to play a rollout. Everything throws Refused, or what fetch throws. */
export class Api {
  readonly #url: string;
  readonly #key: string | undefined;

  constructor({ url, key }: { url: string; key: string | undefined }) {
    this.#url = url.replace(/\/+$/, "");
    this.#key = key;
  }

  /** `folder`: where the environment's relative paths start, on the controller's machine. */
  async register(environment: EnvironmentInput, folder: string): Promise<void> {
    await this.#send("POST", "/v1/environments", { environment, base_dir: folder });
  }

  async tools(): Promise<readonly ToolSchema[]> {
    return (await this.#send<{ tools: ToolSchema[] }>("GET", "/v1/tools?format=openai")).tools;
  }

  /** Its id, once its sandbox is ready for calls. */
  async create(environment: string, group: string): Promise<string> {
    const giveUpAt = Date.now() + patienceMs;
    let rollout = await this.#send<Rollout>("POST", "/v1/rollouts?wait_seconds=200", { environment, group });
    while ((rollout.status === "queued" || rollout.status === "preparing") && Date.now() < giveUpAt)
      rollout = await this.#send<Rollout>("GET", `/v1/rollouts/${rollout.rollout_id}?wait_seconds=200`);
    if (rollout.status === "active") return rollout.rollout_id;
    await this.close(rollout.rollout_id);
    throw new Error(`The rollout is ${rollout.status}: ${rollout.error?.message ?? "it waited too long"}`);
  }

  /** What a model would read: the tool's output or, when the policy may not make this call, why not. */
  async call(rollout: string, tool: string, callId: string, args: Readonly<Record<string, unknown>>): Promise<string> {
    const path = `/v1/rollouts/${rollout}/tools/${encodeURIComponent(tool)}`;
    try {
      return (await this.#send<ToolCallResult>("POST", path, { call_id: callId, arguments: args })).output;
    } catch (thrown) {
      if (thrown instanceof Refused && thrown.causedBy === "policy") return `Error: ${thrown.message}`;
      throw thrown;
    }
  }

  grade(rollout: string, answer: string): Promise<Verdict> {
    return this.#send("POST", `/v1/rollouts/${rollout}/grade`, { answer });
  }

  async close(rollout: string): Promise<void> {
    await this.#send("DELETE", `/v1/rollouts/${rollout}`);
  }

  async #send<Answer>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Answer> {
    const giveUpAt = Date.now() + patienceMs;
    for (;;) {
      const response = await fetch(this.#url + path, {
        method,
        headers: {
          ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(requestMs),
      });
      const answer: unknown = await response.json();
      if (response.ok) return answer as Answer;
      const again = Number(response.headers.get("retry-after") ?? Number.NaN) * second;
      if (response.status !== 429 || !(Date.now() + again < giveUpAt)) throw new Refused(answer as Refusal);
      await sleep(again);
    }
  }
}
