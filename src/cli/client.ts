import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { ControllerAddress } from "../config/controller.ts";
import { BerthError } from "../core/errors.ts";
import { environment, type Environment, type EnvironmentInput } from "../model/environment.ts";
import { errorBody, errorReport } from "../model/error.ts";
import { rollout, type CreateRolloutInput, type Rollout } from "../model/rollout.ts";
import { toolCallResult, type ToolCallResult } from "../model/tool-call.ts";
import { rolloutEvent, trajectory, type RolloutEvent, type Trajectory } from "../model/trajectory.ts";
import { verdict, type Verdict } from "../model/verdict.ts";
import { readEventStream } from "./event-stream.ts";
import { ControllerUnreachable, send } from "./transport.ts";

const second = 1000;
/** Beyond the longest tool call and the longest preparation that the controller allows by default. */
const callMs = 3600 * second;
const gradeMs = 4 * 3600 * second;
/** Heartbeats come every 15 s. */
const silenceMs = 60 * second;

export interface ToolCallInput {
  readonly call_id?: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

export interface RolloutListQuery {
  readonly limit?: number;
  readonly before?: string;
  readonly status?: readonly string[];
  readonly group?: string;
}

/** Whoever types commands sends no headers. */
const keyRemedy = "Set BERTH_API_KEY to a key that the controller was started with.";

interface Asked<Schema extends z.ZodType> {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly answer: Schema;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const rolloutPath = (id: string, rest = ""): string => `/v1/rollouts/${encodeURIComponent(id)}${rest}`;

/**
 * The API of a running controller. Every method throws BerthError with the controller's code and remedy when it
 * refuses, and ControllerUnreachable when there is none.
 */
export class BerthClient {
  readonly #address: ControllerAddress;

  constructor(address: ControllerAddress) {
    this.#address = address;
  }

  createRollout(
    input: CreateRolloutInput,
    options: { waitSeconds?: number; signal?: AbortSignal } = {},
  ): Promise<{ rollout: Rollout; created: boolean }> {
    const { waitSeconds = 0, signal } = options;
    return this.#ask({
      method: "POST",
      path: `/v1/rollouts?wait_seconds=${waitSeconds}`,
      body: input,
      answer: rollout,
      timeoutMs: (waitSeconds + 30) * second,
      signal,
    }).then(({ value, status }) => ({ rollout: value, created: status === 201 }));
  }

  async rollout(id: string, options: { waitSeconds?: number; signal?: AbortSignal } = {}): Promise<Rollout> {
    const { waitSeconds = 0, signal } = options;
    const path = rolloutPath(id, `?wait_seconds=${waitSeconds}`);
    return (await this.#ask({ method: "GET", path, answer: rollout, timeoutMs: (waitSeconds + 30) * second, signal }))
      .value;
  }

  async rollouts(query: RolloutListQuery = {}): Promise<{ rollouts: Rollout[]; next_before: string | null }> {
    const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const path = `/v1/rollouts?${new URLSearchParams(given).toString()}`;
    const answer = z.object({ rollouts: z.array(rollout), next_before: z.string().nullable() });
    return (await this.#ask({ method: "GET", path, answer })).value;
  }

  async trajectory(id: string): Promise<Trajectory> {
    return (await this.#ask({ method: "GET", path: rolloutPath(id, "/trajectory"), answer: trajectory })).value;
  }

  /** Sent again with the same call id, it gives the result that is stored. */
  async callTool(id: string, tool: string, input: ToolCallInput, signal?: AbortSignal): Promise<ToolCallResult> {
    const path = rolloutPath(id, `/tools/${encodeURIComponent(tool)}`);
    return (await this.#ask({ method: "POST", path, body: input, answer: toolCallResult, timeoutMs: callMs, signal }))
      .value;
  }

  async grade(id: string, input: { answer?: string } = {}, signal?: AbortSignal): Promise<Verdict> {
    return (
      await this.#ask({
        method: "POST",
        path: rolloutPath(id, "/grade"),
        body: input,
        answer: verdict,
        timeoutMs: gradeMs,
        signal,
      })
    ).value;
  }

  async deleteRollout(id: string): Promise<Rollout> {
    return (await this.#ask({ method: "DELETE", path: rolloutPath(id), answer: rollout, timeoutMs: 300 * second }))
      .value;
  }

  async environments(): Promise<Environment[]> {
    return (
      await this.#ask({
        method: "GET",
        path: "/v1/environments",
        answer: z.object({ environments: z.array(environment) }),
      })
    ).value.environments;
  }

  /** `baseDir`: a folder on the controller's machine from which the environment's relative paths start. */
  async registerEnvironment(input: EnvironmentInput, baseDir?: string): Promise<Environment> {
    const body = { environment: input, ...(baseDir === undefined ? {} : { base_dir: baseDir }) };
    return (await this.#ask({ method: "POST", path: "/v1/environments", body, answer: environment })).value;
  }

  /** What happens in a rollout until it ends. @throws ControllerUnreachable when the stream breaks before */
  async *events(id: string, signal?: AbortSignal): AsyncGenerator<RolloutEvent> {
    const response = await this.#send({ method: "GET", path: rolloutPath(id, "/events"), answer: z.unknown(), signal });
    if (response.statusCode !== 200) throw await this.#refusal(response);
    response.setEncoding("utf8");
    response.setTimeout(silenceMs, () => response.destroy(new Error(`nothing came for ${silenceMs / second} s`)));
    try {
      for await (const { event, data } of readEventStream(response)) {
        if (event === "end") return;
        if (event === "error") {
          const { code, message, remedy } = errorReport.parse(JSON.parse(data));
          throw new BerthError(code, message, { remedy });
        }
        yield rolloutEvent.parse(JSON.parse(data));
      }
    } catch (error) {
      if (error instanceof BerthError) throw error;
      signal?.throwIfAborted();
      throw new ControllerUnreachable(this.#address.url, (error as Error).message, error);
    } finally {
      response.destroy();
    }
    throw new ControllerUnreachable(this.#address.url, "the event stream was cut", undefined);
  }

  #send(asked: Asked<z.ZodType>): Promise<IncomingMessage> {
    const { method, path, body, timeoutMs = 30 * second, signal } = asked;
    const { url, apiKey } = this.#address;
    const headers = {
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    return send({
      base: url,
      method,
      path,
      headers,
      timeoutMs,
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #ask<Schema extends z.ZodType>(asked: Asked<Schema>): Promise<{ value: z.output<Schema>; status: number }> {
    const response = await this.#send(asked);
    const status = response.statusCode ?? 0;
    if (status >= 300) throw await this.#refusal(response);
    const parsed = asked.answer.safeParse(await this.#json(response));
    if (!parsed.success) throw this.#stranger(status);
    return { value: parsed.data, status };
  }

  async #json(response: IncomingMessage): Promise<unknown> {
    try {
      return JSON.parse(await text(response));
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw new ControllerUnreachable(this.#address.url, "the answer was cut", error);
    }
  }

  async #refusal(response: IncomingMessage): Promise<BerthError> {
    const parsed = errorBody.safeParse(await this.#json(response));
    if (!parsed.success) return this.#stranger(response.statusCode ?? 0);
    const { code, message, remedy } = parsed.data.error;
    return new BerthError(code, message, { remedy: code === "unauthorized" ? keyRemedy : remedy });
  }

  #stranger(status: number): BerthError {
    return new BerthError(
      "internal",
      `What answers at ${this.#address.url} with ${status} is not a Berth controller of this version.`,
      {
        remedy: "Check --url or BERTH_URL, and what stands between here and the controller.",
      },
    );
  }
}
