import { createHash, randomUUID } from "node:crypto";
import PQueue from "p-queue";
import { BerthError } from "../core/errors.ts";
import type { AgentTask } from "./agent-task.ts";
import type { Journal, RunHead } from "./journal.ts";
import { endsTheRun, playSample, type SampleParts } from "./play-sample.ts";
import type { SampleResult } from "./sample-result.ts";

export interface AgentRunOptions {
  readonly tasks: readonly AgentTask[];
  /** Of each task. */
  readonly samples: number;
  /** Samples at a time. */
  readonly parallel: number;
  /** Dollars of all samples together; no sample begins beyond them, and those that run end. */
  readonly totalCost: number | undefined;
  readonly model: string;
  readonly api: RunHead["api"];
  /** What else the model is told with each request. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly parts: Omit<SampleParts, "group">;
  readonly onProgress: (progress: RunProgress) => void;
}

export interface RunProgress {
  /** Undefined at the beginning, and when a sample begins. */
  readonly last?: SampleResult;
  readonly results: readonly SampleResult[];
  readonly running: number;
  readonly total: number;
}

export interface AgentRun {
  readonly run: string;
  readonly started_at: string;
  /** In the order of tasks and samples. */
  readonly results: readonly SampleResult[];
  /** False when the run's budget ended it before all samples were played. */
  readonly complete: boolean;
}

function headOf({ tasks, model, api, body, parts }: AgentRunOptions): RunHead {
  const asks = createHash("sha256").update(JSON.stringify([tasks, parts.instructions, body]));
  return {
    type: "run",
    version: 1,
    run: randomUUID(),
    started_at: new Date().toISOString(),
    model,
    api,
    asks: asks.digest("hex"),
  };
}

/** The same run as the journal's. @throws BerthError `invalid_request` when it is another's */
async function takeUp(journal: Journal, options: AgentRunOptions): Promise<RunHead> {
  const wanted = headOf(options);
  const { head } = journal.state;
  if (head === undefined) {
    await journal.append(wanted);
    return wanted;
  }
  const different = (["model", "api", "asks"] as const).filter((field) => head[field] !== wanted[field]);
  if (different.length === 0) return head;
  const names = different.map((field) => (field === "asks" ? "data set, instructions or model options" : field));
  throw new BerthError("invalid_request", `The journal is of a run with another ${names.join(" and another ")}.`, {
    remedy: "Go on with what it was begun with, or give this run a folder of its own with --out.",
  });
}

/**
 * Plays every sample that the journal does not have yet: all first samples, then all second ones.
 * @throws the signal's reason when it aborts, ModelFailure `model_denied`, BerthError; the same run can go on from its journal
 */
export async function runAgent(options: AgentRunOptions, signal: AbortSignal): Promise<AgentRun> {
  const { tasks, samples, parallel, totalCost = Number.POSITIVE_INFINITY, parts, onProgress } = options;
  const { journal } = parts;
  const head = await takeUp(journal, options);
  const stop = new AbortController();
  const ends = AbortSignal.any([signal, stop.signal]);
  const queue = new PQueue({ concurrency: parallel });
  const all = Array.from({ length: samples }, (_, sample) => tasks.map((task) => ({ task, sample }))).flat();
  const resultsNow = () => all.flatMap(({ task, sample }) => journal.state.ended(task.id, sample) ?? []);
  let cost = resultsNow().reduce((sum, result) => sum + (result.cost ?? 0), 0);
  let running = 0;
  const tell = (last?: SampleResult) =>
    onProgress({ results: resultsNow(), running, total: all.length, ...(last && { last }) });

  const play = async ({ task, sample }: (typeof all)[number]) => {
    if (ends.aborted || cost >= totalCost) return;
    running += 1;
    try {
      const result = await playSample(task, sample, { ...parts, group: head.run }, ends);
      running -= 1;
      cost += result.cost ?? 0;
      tell(result);
    } catch (thrown) {
      running -= 1;
      // What is nobody's sample's fault ends all of them, and is told once.
      if (!ends.aborted || endsTheRun(thrown)) stop.abort(thrown);
    }
  };
  tell();
  const open = all.filter(({ task, sample }) => journal.state.ended(task.id, sample) === undefined);
  await queue.addAll(open.map((one) => () => play(one)));
  ends.throwIfAborted();
  const results = resultsNow();
  return { run: head.run, started_at: head.started_at, results, complete: results.length === all.length };
}
