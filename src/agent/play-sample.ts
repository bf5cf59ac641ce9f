import { randomUUID } from "node:crypto";
import type { BerthClient } from "../client/berth-client.ts";
import { BerthFailure } from "../client/failure.ts";
import type { FunctionTool } from "../client/function-tool.ts";
import { openRollout } from "../client/open-rollout.ts";
import { systemClock } from "../core/clock.ts";
import type { Verdict } from "../model/verdict.ts";
import type { AgentTask } from "./agent-task.ts";
import { Spent, type SampleBudget } from "./budget.ts";
import type { Journal, Unfinished } from "./journal.ts";
import type { AgentModel, Message } from "./model/agent-model.ts";
import { ModelFailure } from "./model/model-failure.ts";
import type { Price } from "./prices.ts";
import type { SampleResult, StopReason } from "./sample-result.ts";
import { standingOf } from "./standing.ts";
import { answersTo, TurnEnded } from "./tool-answers.ts";

export interface SampleParts {
  readonly client: BerthClient;
  readonly model: AgentModel;
  readonly journal: Journal;
  /** What stands before each task's messages; empty for nothing. */
  readonly instructions: string;
  readonly budget: SampleBudget;
  readonly price: Price | undefined;
  /** Of the environment that a rollout got. */
  readonly toolsOf: (environment: string) => Promise<readonly FunctionTool[]>;
  /** Of the run's rollouts. */
  readonly group: string;
  /** Milliseconds within which a sandbox must be ready. */
  readonly readyWithinMs: number;
}

/** A sample while it is played. */
interface Playing {
  readonly task: AgentTask;
  readonly sample: number;
  readonly under: Unfinished;
  readonly spent: Spent;
  readonly beganMs: number;
}

/** An endpoint that refuses whoever asks: the run cannot go on, and no sample is to blame. */
export const endsTheRun = (thrown: unknown): boolean =>
  thrown instanceof ModelFailure && thrown.code === "model_denied";

/**
 * One sample of a task: a rollout, the model's turns in it, its verdict. One that was begun before goes on where its journal ends, and is begun anew in
 * another rollout only when its own did not outlive the interruption.
 * @throws the signal's reason when it aborts, and ModelFailure `model_denied`; the rollout stands then, and the sample can be taken up
 */
export async function playSample(
  task: AgentTask,
  sample: number,
  parts: SampleParts,
  signal: AbortSignal,
): Promise<SampleResult> {
  const { client, journal, price } = parts;
  const before = journal.state.unfinished(task.id, sample);
  const standing = before ? await standingOf(client, before.rolloutId, signal) : undefined;
  const under =
    before && standing?.kind !== "gone" ? before : await begin(parts, task, sample, (before?.attempt ?? 0) + 1);
  const spent = new Spent(price);
  for (const { turn } of under.exchanges) spent.add(turn.usage);
  const playing = { task, sample, under, spent, beganMs: systemClock.monotonic() };
  const result = await resultOf(playing, parts, standing?.kind === "graded" ? standing.verdict : undefined, signal);
  await closeQuietly(client, under.rolloutId);
  await journal.append({ type: "ended", result });
  return result;
}

async function begin(
  { journal }: SampleParts,
  { id: task }: AgentTask,
  sample: number,
  attempt: number,
): Promise<Unfinished> {
  await journal.append({ type: "begun", task, sample, attempt, rollout_id: randomUUID() });
  const begun = journal.state.unfinished(task, sample);
  if (!begun) throw new Error(`The journal lost the sample ${sample} of ${task}.`);
  return begun;
}

/** What is left of it the controller removes by itself. */
async function closeQuietly(client: BerthClient, rolloutId: string): Promise<void> {
  try {
    await client.deleteRollout(rolloutId);
  } catch (thrown) {
    if (!(thrown instanceof BerthFailure)) throw thrown;
  }
}

async function resultOf(
  playing: Playing,
  parts: SampleParts,
  known: Verdict | undefined,
  signal: AbortSignal,
): Promise<SampleResult> {
  try {
    const { stop, answer } = await policyTurn(playing, parts, known !== undefined, signal);
    const verdict = known ?? (await parts.client.grade(playing.under.rolloutId, { answer }, { signal }));
    if (verdict.status === "unscored") {
      const { cause, code, message } = verdict.reason;
      return { status: "unscored", ...factsOf(playing), cause, code, message };
    }
    return { status: "scored", ...factsOf(playing), stop, reward: verdict.reward, flags: verdict.flags };
  } catch (thrown) {
    signal.throwIfAborted();
    if (endsTheRun(thrown)) throw thrown;
    const { cause, code, message } = blameOf(thrown);
    return { status: "unscored", ...factsOf(playing), cause, code, message };
  }
}

function blameOf(thrown: unknown): Pick<SampleResult & { status: "unscored" }, "cause" | "code" | "message"> {
  if (thrown instanceof BerthFailure) return { cause: thrown.causedBy, code: thrown.code, message: thrown.message };
  if (thrown instanceof ModelFailure) return { cause: "infra", code: thrown.code, message: thrown.message };
  throw thrown;
}

const factsOf = ({ task, sample, under, spent, beganMs }: Playing) => ({
  task: task.id,
  sample,
  attempt: under.attempt,
  rollout_id: under.rolloutId,
  turns: spent.turns,
  tool_calls: under.exchanges.reduce((sum, { turn }) => sum + turn.calls.length, 0),
  tool_errors: under.errors,
  usage: spent.usage,
  cost: spent.cost,
  seconds: Math.round(systemClock.monotonic() - beganMs) / 1000,
});

interface Ending {
  readonly stop: StopReason;
  readonly answer: string;
}

/** The model's replies and what comes of them, until one is its last. `over`: the rollout has its verdict already. */
async function policyTurn(playing: Playing, parts: SampleParts, over: boolean, signal: AbortSignal): Promise<Ending> {
  const { under, task, spent } = playing;
  if (over) return endingOf(playing, parts.budget);
  const rollout = await openRollout(
    parts.client,
    {
      rollout_id: under.rolloutId,
      ...task.start,
      group: parts.group,
      labels: { task: task.id.slice(0, 256), sample: `${playing.sample}` },
    },
    { signal, readyWithinMs: parts.readyWithinMs },
  );
  const { environment } = await rollout.state();
  const tools = await parts.toolsOf(environment);
  const system: Message[] = parts.instructions === "" ? [] : [{ role: "system", content: parts.instructions }];
  const messages = [...system, ...task.messages];
  const { seconds } = parts.budget;
  const late = seconds === undefined ? undefined : AbortSignal.timeout(seconds * 1000);
  const within = late ? AbortSignal.any([signal, late]) : signal;
  const ask = async () => {
    const turn = await parts.model.ask({ messages, tools, exchanges: under.exchanges }, within);
    await parts.journal.append({ type: "turn", rollout_id: under.rolloutId, turn });
    return turn;
  };
  try {
    for (;;) {
      const stop = under.pending ? undefined : spent.over(parts.budget);
      if (stop) return { stop, answer: "" };
      const turn = under.pending ?? (await ask());
      spent.add(turn.usage);
      if (turn.calls.length === 0) return { stop: "answered", answer: turn.text };
      const answered = await answersTo(parts.client, rollout.id, turn, under.exchanges.length, within);
      await parts.journal.append({ type: "answers", rollout_id: under.rolloutId, ...answered });
    }
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof TurnEnded) return { stop: thrown.stop, answer: "" };
    if (thrown instanceof ModelFailure && thrown.code === "model_context_full")
      return { stop: "context_full", answer: "" };
    if (late?.aborted) return { stop: "seconds", answer: "" };
    throw thrown;
  }
}

/** Of a sample whose verdict came just before the interruption. */
function endingOf({ under: { pending }, spent }: Playing, budget: SampleBudget): Ending {
  if (pending) spent.add(pending.usage);
  if (pending?.calls.length === 0) return { stop: "answered", answer: pending.text };
  return { stop: spent.over(budget) ?? "rollout_budget", answer: "" };
}
