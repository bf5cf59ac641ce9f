import { BerthError } from "../../src/core/errors.ts";
import { environment as environmentSchema, type Environment } from "../../src/model/environment.ts";
import { terminalStatuses } from "../../src/model/rollout.ts";
import type { ToolCallResult } from "../../src/model/tool-call.ts";
import type { Store } from "../../src/store/store.ts";
import type { Answer, Network, Request } from "./network.ts";
import { writeStep, type Step } from "./steps.ts";
import type { World } from "./world.ts";

const minute = 60_000;
/** The longest waits of each: for a sandbox, for calls that came before, for a sandbox to go, for a grading. */
const CALL_MS = 30 * minute;
const END_MS = 60 * minute;
const READ_MS = 2 * minute;
const TRIES = 8;

type Ending = "grade" | "grade twice" | "close" | "grade and close" | "leave" | "wait and grade";

/** How many kinds of rollouts a world has, drawn from its seed. */
export function drawEnvironments({ random }: World): Environment[] {
  return Array.from({ length: random.between(1, 2) }, (_, at) =>
    environmentSchema.parse({
      name: `task-${at}`,
      warm: random.pick([0, 0, 1, 2]),
      graders: [{ type: "tests", command: "npx vitest run" }],
      budget: {
        tool_calls: random.pick([3, 50]),
        wall_seconds: random.pick([60, 900, 3600]),
        idle_seconds: random.pick([20, 300, 900]),
        grading_seconds: random.pick([30, 300]),
      },
    }),
  );
}

/** A trainer's part for one rollout: it creates, calls, repeats what it heard nothing of, and ends it in one way or another. */
export class Client {
  readonly id: string;
  readonly #world: World;
  readonly #network: Network;
  readonly #durable: Store;
  readonly #environment: Environment;
  readonly #group: string;
  /** Whether it has asked for an end. */
  #ending = false;

  constructor(
    world: World,
    parts: { network: Network; durable: Store; environment: Environment; group: string; id: string },
  ) {
    this.#world = world;
    this.#network = parts.network;
    this.#durable = parts.durable;
    this.#environment = parts.environment;
    this.#group = parts.group;
    this.id = parts.id;
  }

  async live(): Promise<void> {
    const { clock, random } = this.#world;
    await clock.sleep(random.aroundMs(random.pick([1, 1, 5_000])));
    if (!(await this.create())) return;
    const stopped = new AbortController();
    const listening = random.chance(0.3) ? this.#listen(stopped.signal) : undefined;
    const calls: Promise<unknown>[] = [];
    for (let at = random.between(0, 6); at > 0; at--) {
      const call = this.#call(`c${at}`);
      calls.push(call);
      if (random.chance(0.6)) await call;
      if (random.chance(0.1)) await clock.sleep(random.aroundMs(15_000));
    }
    if (random.chance(0.8)) await Promise.all(calls);
    await this.#end(
      random.pick<Ending>(["grade", "grade", "grade twice", "close", "grade and close", "leave", "wait and grade"]),
    );
    await Promise.all(calls);
    stopped.abort();
    await listening;
  }

  /** Whether the rollout is known to be there. */
  async create(): Promise<boolean> {
    const request = { rollout_id: this.id, environment: this.#environment, group: this.#group };
    const answer = await this.#persist({
      what: `create ${this.id}`,
      send: (service) => service.create(request),
      withinMs: READ_MS,
    });
    return answer.kind === "value";
  }

  /** One call that does no harm, whose answer is 1, and its grading: what must work when nothing goes wrong. */
  async answerAndGrade(): Promise<string | undefined> {
    const created = await this.create();
    if (!created) return "it was not created";
    const answer = await this.#send({ rollout: this.id, call: "c1", takesMs: 5, answer: "1" }, "shell");
    if (answer.kind !== "value") return answer.kind === "refused" ? answer.error.message : "no answer came";
    const verdict = await this.#grade();
    if (verdict.kind !== "value") return verdict.kind === "refused" ? verdict.error.message : "no verdict came";
    return verdict.value.reward === 1 ? undefined : JSON.stringify(verdict.value);
  }

  /** Whether it is gone. */
  async close(): Promise<boolean> {
    const answer = await this.#persist({
      what: `close ${this.id}`,
      rollout: this.id,
      send: (service) => service.close(this.id),
      withinMs: END_MS,
    });
    return answer.kind === "value" || answer.error.code === "unknown_rollout";
  }

  async #end(how: Ending): Promise<void> {
    const { clock, random } = this.#world;
    if (how === "leave") return;
    this.#ending = true;
    if (how === "wait and grade")
      await clock.sleep(random.aroundMs(1_000 * Math.min(900, this.#environment.budget.idle_seconds)));
    if (how === "close") return void (await this.close());
    const also =
      how === "grade twice" ? this.#grade() : how === "grade and close" ? this.#soon(() => this.close()) : undefined;
    await this.#grade();
    await also;
  }

  async #soon(work: () => Promise<unknown>): Promise<void> {
    const { clock, random } = this.#world;
    await clock.sleep(random.aroundMs(random.pick([1, 100, 5_000])));
    await work();
  }

  #grade() {
    return this.#persist({
      what: `grade ${this.id}`,
      rollout: this.id,
      send: (service) => service.grade(this.id, {}),
      withinMs: END_MS,
      onValue: (verdict) => this.#world.ledger.judged(this.id, verdict, this.#world.machine),
    });
  }

  async #call(call: string): Promise<void> {
    const { random, ledger } = this.#world;
    const tool = random.pick(["shell", "shell", "read_file"]);
    const takesMs = random.aroundMs(random.pick([5, 5, 500, 20_000]));
    const answer = tool === "shell" && random.chance(0.4) ? { answer: "1" } : {};
    const step: Step = { rollout: this.id, call, takesMs, ...answer };
    const first = await this.#send(step, tool);
    const status = ledger.statusOf(this.id);
    if (first.kind === "refused" && first.error.code === "rollout_closed" && !this.#ending && status === "queued")
      ledger.violated("explained", `a call of ${this.id} was told that it is closed, and it is ${status}`);
    if (random.chance(0.2)) await this.#send(step, tool);
    if (first.kind !== "value" || !random.chance(0.1)) return;
    const other = await this.#send({ ...step, takesMs: step.takesMs + 1_000 }, tool);
    if (other.kind === "value")
      ledger.violated("recorded", `the call ${call} of ${this.id} was answered with other arguments`);
  }

  #send(step: Step, tool: string): Promise<Answer<ToolCallResult>> {
    const { ledger, machine } = this.#world;
    const isAnswer = step.answer !== undefined;
    const text = writeStep(step);
    return this.#persist({
      what: `call ${step.call} of ${this.id}`,
      rollout: this.id,
      send: (service) =>
        service.callTool(this.id, tool, {
          call_id: step.call,
          arguments: tool === "shell" ? { command: text } : { path: text, line_numbers: false },
        }),
      withinMs: CALL_MS,
      onValue: (result) => ledger.answered(this.id, result, { durable: this.#durable, machine, isAnswer }),
    });
  }

  /** Again with the same ids, until it is told something that it can rely on. */
  async #persist<T>(request: Request<T>): Promise<Exclude<Answer<T>, { kind: "nothing" }>> {
    const { clock, random } = this.#world;
    let last: Answer<T> = { kind: "nothing" };
    for (let tries = TRIES; tries > 0; tries--) {
      const answer = await this.#network.ask(request);
      if (answer.kind === "value") return answer;
      if (answer.kind === "refused" && !answer.error.retryable) return answer;
      last = answer;
      await clock.sleep(random.aroundMs(3_000));
    }
    return last.kind === "refused"
      ? last
      : { kind: "refused", error: new BerthError("provider_unavailable", `Nothing was heard of ${request.what}.`) };
  }

  /** The statuses that a stream tells never go back, and none comes after an end. */
  async #listen(signal: AbortSignal): Promise<void> {
    await this.#network.ask({
      what: `events of ${this.id}`,
      send: async (service) => {
        const seen: string[] = [];
        for await (const event of service.events(this.id, signal)) {
          if (event.type !== "status") continue;
          if (
            terminalStatuses.includes(seen.at(-1) as (typeof terminalStatuses)[number]) &&
            event.status !== seen.at(-1)
          )
            this.#world.ledger.violated(
              "forwards",
              `the stream of ${this.id} told ${event.status} after ${seen.at(-1)}`,
            );
          seen.push(event.status);
        }
        return seen;
      },
      withinMs: Number.MAX_SAFE_INTEGER,
    });
  }
}
