import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Item } from "../../../model/item.ts";
import type { Answer, StandInTrainer } from "./trainer.ts";

export interface LoadPlan {
  /** That begin within one second. */
  readonly rollouts: number;
  /** Calls a second, one phase after the other, spread over all of the rollouts. */
  readonly rates: readonly number[];
  /** That each rate is held for. */
  readonly seconds: number;
  /** Grades asked for in a second. */
  readonly gradesPerSecond: number;
  readonly onProgress?: (message: string) => void;
}

/** Answers to requests of one kind. */
export interface Phase {
  readonly name: string;
  readonly asked: number;
  /** Of each answer that a trainer takes, in milliseconds from the moment at which it was to be asked for: a late request counts as a slow answer. */
  readonly ms: readonly number[];
  /** The others, the first 300 characters of each. */
  readonly refused: readonly string[];
  /** How often something was sent again. */
  readonly retries: number;
}

export interface LoadResult {
  readonly phases: readonly Phase[];
  /** Rollouts that a trainer would have thrown away. */
  readonly discarded: number;
}

const REFUSAL_CHARACTERS = 300;

/** A step of training: new rollouts in one second, calls at rates that do not wait for answers, and the grades. */
export async function load(trainer: StandInTrainer, item: Item, plan: LoadPlan): Promise<LoadResult> {
  const { rollouts, rates, seconds, gradesPerSecond, onProgress = () => {} } = plan;
  const traces = Array.from({ length: rollouts }, () => `trace_${randomUUID().replaceAll("-", "")}`);
  const call = (trace: string, callId: string) =>
    trainer.call({ name: "shell", arguments: { command: `echo ${callId}` }, traceId: trace, item, callId });
  const phases: Phase[] = [];
  const phase = async (
    name: string,
    count: number,
    rate: number,
    ask: (trace: string, at: number) => Promise<Answer>,
  ) => {
    onProgress(`${name}: ${count} requests`);
    phases.push(await atRate(name, count, rate, (at) => ask(traces[at % rollouts] ?? "", at)));
  };
  await phase("first calls", rollouts, rollouts, (trace) => call(trace, "call_first"));
  for (const rate of rates)
    await phase(`calls, ${rate}/s`, rate * seconds, rate, (trace, at) => call(trace, `call_${rate}_${at}`));
  await phase("grades", rollouts, gradesPerSecond, (trace) => trainer.grade(trace, item, "done"));
  return { phases, discarded: trainer.discarded.size };
}

/** Asks `rate` times a second, whether or not answers come, and waits for all of them. */
async function atRate(name: string, count: number, rate: number, ask: (at: number) => Promise<Answer>): Promise<Phase> {
  const ms: number[] = [];
  const refused: string[] = [];
  let retries = 0;
  const began = performance.now();
  const one = async (at: number): Promise<void> => {
    const due = began + (1000 * at) / rate;
    await pause(Math.max(0, due - performance.now()));
    const answer = await ask(at);
    retries += answer.retries;
    if (answer.status === 200) ms.push(performance.now() - due);
    else refused.push(`${answer.status} ${answer.text.slice(0, REFUSAL_CHARACTERS)}`);
  };
  await Promise.all(Array.from({ length: count }, (_, at) => one(at)));
  return { name, asked: count, ms, refused, retries };
}
