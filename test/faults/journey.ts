import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { terminalStatuses, type Rollout } from "../../src/model/rollout.ts";
import type { TrajectoryRecord } from "../../src/model/trajectory.ts";
import type { Method, Reply } from "../support/controller-process.ts";
import type { Outcome } from "./fault.ts";
import { untilRuns } from "../support/host-processes.ts";
import { longNap } from "./processes.ts";
import type { Scene } from "./scene.ts";

const pollMs = 50;
const settleMs = 60_000;

export const steps = ["create", "call", "grade", "close"] as const;
export type Step = (typeof steps)[number];

/** What a caller sees of a rollout to which nothing happens. */
const healthy: Readonly<Record<Step, string>> = {
  create: "active",
  call: "done",
  grade: "scored 1",
  close: "closed",
};

export interface Request {
  readonly method: Method;
  readonly url: string;
  readonly body: unknown;
}

type Intervention = (journey: Journey) => Promise<void>;

export interface JourneyOptions {
  readonly environment?: Record<string, unknown> | string;
  /** Runs before a step is asked for: brings the fault about, or arms it. */
  readonly before?: Partial<Record<Step, Intervention>>;
  /** Runs between two steps. */
  readonly after?: Partial<Record<Step, Intervention>>;
  /** The step whose words are the result. */
  readonly at: Step;
  /** What the call runs after it left its line. */
  readonly command?: string;
  readonly without?: Step;
  /** Seconds to wait for the rollout to be active or to fail; 60 when it is left out. */
  readonly settleSeconds?: number;
}

/**
 * One rollout as a trainer drives it, repeating what got no answer: created, one call that leaves a line in a file, graded, closed. Then
 * everything that was answered is asked for again.
 */
export class Journey {
  readonly id = randomUUID();
  readonly #scene: Scene;
  readonly #options: JourneyOptions;
  readonly #words = new Map<Step, string>();
  readonly #lost: string[] = [];
  readonly #doubled: string[] = [];
  readonly #answeredCalls = new Map<string, string>();
  #verdict: unknown;

  constructor(scene: Scene, options: JourneyOptions) {
    this.#scene = scene;
    this.#options = options;
  }

  get path(): string {
    return `/v1/rollouts/${this.id}`;
  }

  async travel(): Promise<Outcome> {
    const { before = {}, after = {}, at, without } = this.#options;
    const taken = steps.filter((step) => step !== without);
    for (const step of taken) {
      await before[step]?.(this);
      this.#words.set(step, await this[step]());
      await after[step]?.(this);
    }
    await this.#askAgain();
    const others = taken.filter((step) => step !== at && this.#words.get(step) !== healthy[step]);
    const told = [this.#words.get(at), ...others.map((step) => `${step}: ${this.#words.get(step)}`)];
    return { result: told.join("; "), lost: this.#lost, doubled: this.#doubled };
  }

  /** What the trainer sends for a step, the same whenever it sends it. */
  request(step: Step): Request {
    const { environment = this.#scene.environment(), command = "", settleSeconds = 60 } = this.#options;
    const script = `echo line >> lines; ${command}`;
    return {
      create: {
        method: "POST",
        url: `/v1/rollouts?wait_seconds=${settleSeconds}`,
        body: { rollout_id: this.id, environment },
      },
      call: {
        method: "POST",
        url: `${this.path}/tools/shell`,
        body: { call_id: "append", arguments: { command: script } },
      },
      grade: { method: "POST", url: `${this.path}/grade`, body: {} },
      close: { method: "DELETE", url: this.path, body: undefined },
    }[step] as Request;
  }

  async #ask(step: Step): Promise<Reply> {
    const { method, url, body } = this.request(step);
    const timeoutMs = ((this.#options.settleSeconds ?? 60) + 60) * 1000;
    const reply = await this.#scene.send(method, url, body, { timeoutMs });
    if (step === "call") this.#noteAnswer("append", reply);
    return reply;
  }

  #noteAnswer(callId: string, { status, body }: Reply): void {
    if (status === 200) this.#answeredCalls.set(callId, String(body.output));
  }

  async create(): Promise<string> {
    const reply = await this.#ask("create");
    return reply.status < 300 ? statusInWords(reply.body as Rollout) : errorOf(reply);
  }

  /** Leaves a line, and looks how many there are. */
  async call(): Promise<string> {
    const append = await this.#ask("call");
    const count = { call_id: "look", arguments: { command: "cat lines 2>/dev/null | wc -l" } };
    const look = await this.#scene.send("POST", `${this.path}/tools/shell`, count);
    this.#noteAnswer("look", look);
    const lines = look.status === 200 ? Number(look.body.output) : undefined;
    if (lines !== undefined && lines > 1) this.#doubled.push(`append ran ${lines} times`);
    if (append.status !== 200) return errorOf(append);
    if (lines === 0) this.#lost.push("append was answered, and its line is not there");
    return append.body.replayed === true ? "done, replayed" : "done";
  }

  async grade(): Promise<string> {
    const reply = await this.#ask("grade");
    if (reply.status !== 200) return errorOf(reply);
    this.#verdict = reply.body;
    return reply.body.status === "scored" ? `scored ${reply.body.reward}` : `unscored: ${reply.body.reason.code}`;
  }

  async close(): Promise<string> {
    const reply = await this.#ask("close");
    return reply.status === 200 ? statusInWords(reply.body as Rollout) : errorOf(reply);
  }

  /** Waits for the rollout to end by itself; a controller that died meanwhile is started again. */
  async untilEnded(): Promise<Rollout> {
    const giveUpAt = Date.now() + settleMs;
    for (;;) {
      const { body } = await this.#scene.send("GET", this.path);
      const rollout = body as Rollout;
      if (terminalStatuses.includes(rollout.status)) return rollout;
      if (Date.now() > giveUpAt) throw new Error(`The rollout is still ${rollout.status}.`);
      await sleep(pollMs);
    }
  }

  /** What was told once must be told again: the record is durable before the answer. */
  async #askAgain(): Promise<void> {
    const { status, body } = await this.#scene.send("GET", this.path);
    if (status !== 200) return void this.#lost.push(`the rollout is not there: ${status}`);
    const rollout = body as Rollout;
    if (!terminalStatuses.includes(rollout.status)) this.#lost.push(`the closed rollout is ${rollout.status}`);
    if (this.#verdict !== undefined && !isDeepStrictEqual(rollout.verdict, this.#verdict))
      this.#lost.push("the verdict that was told is not the one that is kept");
    const reply = await this.#scene.send("GET", `${this.path}/trajectory`);
    const records = reply.body.records as TrajectoryRecord[];
    for (const [callId, output] of this.#answeredCalls) {
      const kept = records.filter((record) => record.call_id === callId);
      if (kept.length !== 1 || kept[0]?.state !== "done" || kept[0].result?.output !== output)
        this.#lost.push(`the answer of ${callId} is not in the trajectory`);
    }
  }
}

/** One rollout to which something happens, from its creation to its end. */
export const travel = (scene: Scene, options: JourneyOptions): Promise<Outcome> => new Journey(scene, options).travel();

/** Something that happens while the journey's call runs. */
export function whileItRuns(
  options: Omit<JourneyOptions, "command" | "at">,
  happens: (journey: Journey) => Promise<unknown>,
): JourneyOptions {
  const command = longNap();
  let happened: Promise<unknown> | undefined;
  return {
    ...options,
    at: "call",
    command,
    before: {
      ...options.before,
      call: async (journey) => {
        happened = untilRuns(command).then(() => happens(journey));
        happened.catch(() => undefined);
      },
    },
    after: { ...options.after, call: async () => void (await happened) },
  };
}

const statusInWords = ({ status, error }: Rollout): string => (error ? `${status}: ${error.code}` : status);

/** The code of a typed failure; anything else is told whole. */
export const errorOf = ({ status, body }: Reply): string =>
  typeof body?.error?.code === "string" ? (body.error.code as string) : `${status} ${JSON.stringify(body)}`;
