import { z } from "zod";
import { environment, type Environment, type EnvironmentInput } from "../model/environment.ts";
import { regrading, type Regrading } from "../model/regrading.ts";
import { rollout, type CreateRolloutInput, type Rollout } from "../model/rollout.ts";
import { rolloutSummary, type RolloutSummary } from "../model/summary.ts";
import { terminal, type TerminalReport } from "../model/terminal.ts";
import { toolCallResult, type ToolCallResult } from "../model/tool-call.ts";
import { trajectory, type RolloutEvent, type Trajectory } from "../model/trajectory.ts";
import { verdict, type GradeRequest, type Verdict } from "../model/verdict.ts";
import { ControllerUnreachable } from "./failure.ts";
import { followEvents } from "./follow-events.ts";
import { linesOf } from "./lines.ts";
import { RemoteTerminal } from "./remote-terminal.ts";
import { Requests, type Asked, type ClientOptions } from "./requests.ts";
import { functionTool, type FunctionTool } from "./function-tool.ts";

const second = 1000;
/** Beyond the longest tool call and the longest preparation that the controller allows by default. */
const callMs = 3600 * second;
const gradeMs = 4 * 3600 * second;

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for one attempt, until its answer begins. */
  readonly timeoutMs?: number | undefined;
}

/** `waitSeconds`: 0 to 600 that the controller may wait for the sandbox before it answers. */
export interface WaitOptions {
  readonly waitSeconds?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ToolCallInput {
  /** The key of at-most-once execution: the same again gives the stored result. Without it a cut call is not sent again. */
  readonly call_id?: string;
  /** An object, or text as a model wrote it. */
  readonly arguments?: Readonly<Record<string, unknown>> | string;
}

export interface RolloutListQuery {
  readonly limit?: number;
  readonly before?: string;
  readonly status?: readonly string[];
  readonly group?: string;
}

const rolloutPath = (id: string, rest = ""): string => `/v1/rollouts/${encodeURIComponent(id)}${rest}`;

/**
 * The API of a running controller, a method a request. Every method throws BerthFailure with the controller's code, cause and remedy when it
 * refuses, ControllerUnreachable when no whole answer came, and the signal's reason when it aborts.
 */
export class BerthClient {
  readonly #requests: Requests;

  constructor(options: ClientOptions) {
    this.#requests = new Requests(options);
  }

  /** With a `rollout_id` the same again gives the same rollout, and only then is it sent again after a cut. */
  async createRollout(
    input: CreateRolloutInput,
    { waitSeconds = 0, signal }: WaitOptions = {},
  ): Promise<{ rollout: Rollout; created: boolean }> {
    const { value, status } = await this.#requests.ask({
      method: "POST",
      path: `/v1/rollouts?wait_seconds=${waitSeconds}`,
      body: input,
      answer: rollout,
      repeatable: input.rollout_id === undefined ? "when-refused" : "always",
      timeoutMs: (waitSeconds + 30) * second,
      signal,
    });
    return { rollout: value, created: status === 201 };
  }

  rollout(id: string, { waitSeconds = 0, signal }: WaitOptions = {}): Promise<Rollout> {
    const path = rolloutPath(id, `?wait_seconds=${waitSeconds}`);
    return this.#value({ method: "GET", path, answer: rollout, timeoutMs: (waitSeconds + 30) * second, signal });
  }

  rollouts(query: RolloutListQuery = {}): Promise<{ rollouts: Rollout[]; next_before: string | null }> {
    const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const path = `/v1/rollouts?${new URLSearchParams(given).toString()}`;
    const answer = z.object({ rollouts: z.array(rollout), next_before: z.string().nullable() });
    return this.#value({ method: "GET", path, answer });
  }

  summary(query: { group?: string; environment?: string; since?: string } = {}): Promise<RolloutSummary> {
    const path = `/v1/rollouts/summary?${new URLSearchParams(query).toString()}`;
    return this.#value({ method: "GET", path, answer: rolloutSummary });
  }

  /** 256 Mi characters at most. */
  trajectory(id: string, options: RequestOptions = {}): Promise<Trajectory> {
    return this.#value({ method: "GET", path: rolloutPath(id, "/trajectory"), answer: trajectory, ...options });
  }

  /** Sent again with the same call id, it gives the result that is stored. */
  callTool(id: string, tool: string, input: ToolCallInput, options: RequestOptions = {}): Promise<ToolCallResult> {
    return this.#value({
      method: "POST",
      path: rolloutPath(id, `/tools/${encodeURIComponent(tool)}`),
      body: input,
      answer: toolCallResult,
      repeatable: input.call_id === undefined ? "when-refused" : "always",
      timeoutMs: callMs,
      ...options,
    });
  }

  /** The same again gives the same verdict; with `again` each is a new one. */
  grade(id: string, input: GradeRequest = {}, options: RequestOptions = {}): Promise<Verdict> {
    return this.#value({
      method: "POST",
      path: rolloutPath(id, "/grade"),
      body: input,
      answer: verdict,
      repeatable: input.again === true ? "when-refused" : "always",
      timeoutMs: gradeMs,
      ...options,
    });
  }

  async regradings(id: string): Promise<Regrading[]> {
    const answer = z.object({ regradings: z.array(regrading) });
    return (await this.#value({ method: "GET", path: rolloutPath(id, "/regradings"), answer })).regradings;
  }

  /** The lines of an export without their ends. @throws ControllerUnreachable when it breaks off */
  async *exportRollouts(query: { group?: string; format: "jsonl" | "csv" }): AsyncGenerator<string> {
    const path = `/v1/rollouts/export?${new URLSearchParams(query).toString()}`;
    const response = await this.#requests.open({ method: "GET", path, answer: z.unknown() });
    try {
      yield* linesOf(response as AsyncIterable<string>);
    } catch (error) {
      throw new ControllerUnreachable(this.#requests.url, (error as Error).message, error);
    } finally {
      response.destroy();
    }
  }

  /** A terminal that is there, or that its `open` makes. */
  terminal(id: string, name: string): RemoteTerminal {
    return new RemoteTerminal(this.#requests, id, name);
  }

  async terminals(id: string): Promise<TerminalReport[]> {
    const answer = z.object({ terminals: z.array(terminal) });
    return (await this.#value({ method: "GET", path: rolloutPath(id, "/terminals"), answer })).terminals;
  }

  deleteRollout(id: string, options: RequestOptions = {}): Promise<Rollout> {
    const path = rolloutPath(id);
    return this.#value({ method: "DELETE", path, answer: rollout, timeoutMs: 300 * second, ...options });
  }

  async environments(): Promise<Environment[]> {
    const answer = z.object({ environments: z.array(environment) });
    return (await this.#value({ method: "GET", path: "/v1/environments", answer })).environments;
  }

  /** `baseDir`: a folder on the controller's machine from which the environment's relative paths start. */
  registerEnvironment(input: EnvironmentInput, baseDir?: string): Promise<Environment> {
    const body = { environment: input, ...(baseDir === undefined ? {} : { base_dir: baseDir }) };
    // The same again changes nothing.
    return this.#value({ method: "POST", path: "/v1/environments", body, answer: environment, repeatable: "always" });
  }

  /** Every tool of the controller, as models' APIs take them. */
  async tools(): Promise<FunctionTool[]> {
    const answer = z.object({ tools: z.array(functionTool) });
    return (await this.#value({ method: "GET", path: "/v1/tools?format=openai", answer })).tools;
  }

  /**
   * What happens in a rollout until it ends: the present status first. Goes on after a cut; the calls and the verdict of the gap are told then,
   * its progress is not. A reader that is more than 1,000 events behind misses the oldest.
   */
  events(id: string, signal?: AbortSignal): AsyncGenerator<RolloutEvent> {
    const asked = { method: "GET", path: rolloutPath(id, "/events"), answer: z.unknown(), signal } as const;
    return followEvents({
      url: this.#requests.url,
      resumes: this.#requests.isPatient,
      open: () => this.#requests.patiently(asked, () => this.#requests.open(asked)),
      trajectory: () => this.trajectory(id, { signal }),
      rollout: () => this.rollout(id, signal ? { signal } : {}),
      signal,
    });
  }

  async #value<Schema extends z.ZodType>(asked: Asked<Schema>): Promise<z.output<Schema>> {
    return (await this.#requests.ask(asked)).value;
  }
}
