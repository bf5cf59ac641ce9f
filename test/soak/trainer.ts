import { setTimeout as sleep } from "node:timers/promises";
import type { EnvironmentInput } from "../../src/model/environment.ts";
import { controllerKey, type ControllerProcess } from "../support/controller-process.ts";
import type { SeededRandom } from "../simulation/seeded-random.ts";
import type { Tally } from "./tally.ts";

const PATIENCE_MS = 240_000;
const REQUEST_MS = 120_000;
const PAUSE_MS = 500;

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown> & { error?: { code: string; retryable: boolean } };
}

type Fate = "closed" | "graded" | "idle" | "gone";

export interface TrainerParts {
  /** Whom the next request goes to. */
  readonly controller: () => Pick<ControllerProcess, "url">;
  readonly environment: EnvironmentInput;
  readonly random: SeededRandom;
  readonly tally: Tally;
  /** The share of rollouts that nobody ends. */
  readonly idle: number;
}

/** Plays rollouts of five calls against whichever controller is there, and again with the same ids when no answer came. */
export class Trainer {
  readonly #parts: TrainerParts;
  /** Of all rollouts, for whoever looks what became of them. */
  readonly ids: string[] = [];
  /** Of those that a controller said yes to. */
  readonly accepted: string[] = [];
  /** By rollout. */
  readonly verdicts = new Map<string, Record<string, unknown>>();

  constructor(parts: TrainerParts) {
    this.#parts = parts;
  }

  async rollout(): Promise<void> {
    const { random, idle, tally, environment } = this.#parts;
    const id = random.uuid();
    const draw = random.next();
    const fate: Fate = draw < idle ? "idle" : draw < 0.15 ? "graded" : draw < 0.25 ? "gone" : "closed";
    this.ids.push(id);
    const created = await this.#ask("POST", "/v1/rollouts", { rollout_id: id, environment });
    if (created.body.error) return tally.refused(created.body.error.code);
    this.accepted.push(id);
    const refused = await this.#calls(id, fate);
    if (refused === undefined && fate === "idle") return void tally.expired++;
    if (fate === "graded") await this.#grade(id, refused);
    await this.close(id);
    tally.rollouts++;
  }

  async close(id: string): Promise<void> {
    const { body } = await this.#ask("DELETE", `/v1/rollouts/${id}`);
    if (body.error && body.error.code !== "unknown_rollout") this.#parts.tally.refused(body.error.code);
  }

  /** Each call leaves its mark in a file; the last one finds a mark that is there twice. Gives why they ended early, if they did. */
  async #calls(id: string, fate: Fate): Promise<string | undefined> {
    const write = `mkdir -p src; printf '%s' '{"type":"commonjs"}' > package.json`;
    const commands = [write, "ls", "cat package.json", "sleep 0.05"];
    for (const [at, command] of commands.entries()) {
      const refused = await this.#call(id, `c${at}`, `echo c${at} >> marks; ${command}; echo ${id} c${at}`);
      // Whether it ran nobody knows; it must not have run twice, and the rollout goes on.
      if (refused !== undefined && refused !== "outcome_unknown") return refused;
    }
    if (fate === "gone") await this.#leave(id);
    return this.#call(id, "c4", `echo c4 >> marks; sort marks | uniq -d | sed s/^/TWICE:/; echo ${id} c4`);
  }

  /** In the middle of a call, which is repeated by nobody. */
  async #leave(id: string): Promise<void> {
    const path = `/v1/rollouts/${id}/tools/shell`;
    const body = { call_id: "left", arguments: { command: "echo left >> marks; sleep 2" } };
    await this.#send("POST", path, body, AbortSignal.timeout(200)).catch(() => undefined);
    this.#parts.tally.clientsGone++;
  }

  async #call(id: string, call_id: string, command: string): Promise<string | undefined> {
    const path = `/v1/rollouts/${id}/tools/shell`;
    const { body } = await this.#ask("POST", path, { call_id, arguments: { command } });
    if (body.error) {
      this.#parts.tally.refused(body.error.code);
      return body.error.code;
    }
    const said = String(body["output"]);
    if (!said.includes(`${id} ${call_id}`)) this.#parts.tally.wrong.push(`${id} ${call_id} was answered ${said}`);
    if (said.includes("TWICE:")) this.#parts.tally.wrong.push(`${id}: a call ran twice: ${said}`);
    this.#parts.tally.answered++;
    return undefined;
  }

  async #grade(id: string, refused: string | undefined): Promise<void> {
    const { body } = await this.#ask("POST", `/v1/rollouts/${id}/grade`, {});
    if (body.error) return this.#parts.tally.refused(body.error.code);
    this.#parts.tally.verdicts++;
    this.verdicts.set(id, body);
    // Nobody wrote what the hidden tests look for: 0 is right where all was well, and not where its sandbox is gone.
    if (refused === "sandbox_lost" && body["status"] === "scored")
      this.#parts.tally.wrong.push(`${id} lost its sandbox and was scored`);
  }

  /** Until there is an answer that says more than to try again. @throws Error when none came in 4 minutes */
  async #ask(method: string, path: string, body?: unknown): Promise<Reply> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const reply = await this.#send(method, path, body, AbortSignal.timeout(REQUEST_MS)).catch(() => undefined);
      if (reply && !(reply.body.error?.retryable === true && reply.status !== 200)) return reply;
      if (performance.now() > giveUpAt) {
        this.#parts.tally.wrong.push(`${method} ${path} had no answer in ${PATIENCE_MS / 1000} s`);
        return { status: 0, body: { error: { code: "no_answer", retryable: false } } };
      }
      await sleep(PAUSE_MS);
    }
  }

  async #send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Reply> {
    const reply = await fetch(this.#parts.controller().url + path, {
      method,
      headers: { authorization: `Bearer ${controllerKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    });
    return { status: reply.status, body: (await reply.json()) as Reply["body"] };
  }
}
