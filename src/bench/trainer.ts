import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import type { IncomingMessage } from "node:http";
import type { EnvironmentInput } from "../model/environment.ts";
import type { Rollout } from "../model/rollout.ts";
import type { ToolCallResult } from "../model/tool-call.ts";
import { answerText } from "./sample.ts";

/** Beyond the first build of a snapshot and the longest wait in the queue. */
const DEADLINE_MS = 900_000;

const live: readonly Rollout["status"][] = ["queued", "preparing", "active", "grading"];

/** The controller refused. */
class Refused extends Error {}

/** A client as a trainer has one: kept connections, as many as there are requests at the same time, and JSON. */
export class Trainer implements Disposable {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: URL;
  readonly #key: string;

  constructor(address: { readonly url: string; readonly key: string }) {
    this.#url = new URL(address.url);
    this.#key = address.key;
  }

  async register(environment: EnvironmentInput): Promise<void> {
    await this.#ask("POST", "/v1/environments", { environment });
  }

  /** Answers at once, or when the rollout is active if it becomes so within `waitSeconds` (at most 600). */
  async create(environment: string, options: { group?: string; waitSeconds?: number } = {}): Promise<Rollout> {
    const { group, waitSeconds = 0 } = options;
    const body = { environment, ...(group === undefined ? {} : { group }) };
    return (await this.#ask("POST", `/v1/rollouts?wait_seconds=${waitSeconds}`, body)) as Rollout;
  }

  /** @throws Error when the tool failed, or the model would have been told of an error */
  async call(rolloutId: string, tool: string, args: Readonly<Record<string, unknown>>): Promise<ToolCallResult> {
    const result = (await this.#ask("POST", `/v1/rollouts/${rolloutId}/tools/${tool}`, {
      arguments: args,
    })) as ToolCallResult;
    if (result.error) throw new Error(`${tool} failed: ${answerText(result.error)}`);
    return result;
  }

  async delete(rolloutId: string): Promise<void> {
    await this.#ask("DELETE", `/v1/rollouts/${rolloutId}`);
  }

  /** Ends every rollout that has a sandbox or waits for one: those of a run that was killed. */
  async deleteAll(): Promise<void> {
    for (;;) {
      const page = await this.#ask("GET", `/v1/rollouts?limit=500&status=${live.join(",")}`);
      const { rollouts } = page as { rollouts: readonly Rollout[] };
      if (rollouts.length === 0) return;
      for (const { rollout_id } of rollouts) await this.delete(rollout_id);
    }
  }

  /** A sample of /metrics by its name, labels as they are written there; undefined when there is none. */
  async metric(name: string): Promise<number | undefined> {
    const line = (await this.metrics()).split("\n").find((candidate) => candidate.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  }

  async metrics(): Promise<string> {
    return await text(await this.#send("GET", "/metrics"));
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.#send(method, path, body);
    const answer = await text(response);
    const status = response.statusCode ?? 0;
    if (status >= 300) throw new Refused(`${method} ${path}: ${status} ${answer}`);
    return JSON.parse(answer);
  }

  #send(method: string, path: string, body?: unknown): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      request({
        agent: this.#agent,
        host: this.#url.hostname,
        port: this.#url.port,
        method,
        path,
        headers: {
          authorization: `Bearer ${this.#key}`,
          ...(payload === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
        },
        signal: AbortSignal.timeout(DEADLINE_MS),
      })
        .once("response", resolve)
        .once("error", reject)
        .end(payload);
    });
  }
}
