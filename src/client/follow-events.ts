import { systemClock } from "../core/clock.ts";
import type { Rollout } from "../model/rollout.ts";
import { rolloutEvent, type RolloutEvent, type Trajectory } from "../model/trajectory.ts";
import { readEventStream } from "./event-stream.ts";
import { BerthFailure, ControllerUnreachable } from "./failure.ts";
import { failureOf } from "./refusal.ts";

/** Between a stream that was cut and the next, so that one that is cut at once is not asked for in a busy loop. */
const pauseMs = 250;

export interface EventSource {
  readonly url: string;
  /** Whether a stream that was cut is followed by another. */
  readonly resumes: boolean;
  readonly open: () => Promise<AsyncIterable<string> & { destroy(): void }>;
  /** What was missed is found in them. */
  readonly trajectory: () => Promise<Trajectory>;
  readonly rollout: () => Promise<Rollout>;
  readonly signal?: AbortSignal | undefined;
}

type CallEvent = Extract<RolloutEvent, { type: "tool_call" }>;

/** What has been told of a rollout, so that nothing is told twice. */
class Told {
  /** By the controller's clock. */
  #since: number | undefined;
  #status: string | undefined;
  readonly #calls = new Set<string>();
  #verdict = false;

  /** Whether it is news; it counts as told from then on. */
  isNews(event: RolloutEvent): boolean {
    this.#since ??= Date.parse(event.at);
    switch (event.type) {
      case "status": {
        const isNew = event.status !== this.#status;
        this.#status = event.status;
        return isNew;
      }
      case "tool_call": {
        const key = `${event.state} ${event.call_id}`;
        const isNew = !this.#calls.has(key);
        this.#calls.add(key);
        return isNew;
      }
      case "verdict": {
        const isNew = !this.#verdict;
        this.#verdict = true;
        return isNew;
      }
      case "progress":
      case "egress_denied":
        return true;
    }
  }

  /** What the records say that happened since the first event, told or not. */
  of({ records }: Trajectory, { verdict, ended_at }: Rollout): RolloutEvent[] {
    const since = this.#since ?? 0;
    const calls = records.flatMap(({ call_id, tool, state, started_at, duration_ms }): CallEvent[] => {
      const endedMs = Date.parse(started_at) + (duration_ms ?? 0);
      if (endedMs < since) return [];
      return [{ type: "tool_call", at: new Date(endedMs).toISOString(), call_id, tool, state, duration_ms }];
    });
    if (verdict === null) return calls;
    const at = ended_at ?? new Date(since).toISOString();
    return [...calls, { type: "verdict", at, status: verdict.status, reward: verdict.reward }];
  }
}

/**
 * What happens in a rollout until it ends, each thing once. After a cut the calls and the verdict of the gap are told from the records;
 * its progress and refused destinations are not.
 * @throws BerthFailure; ControllerUnreachable when it is cut and not resumed
 */
export async function* followEvents(source: EventSource): AsyncGenerator<RolloutEvent> {
  const told = new Told();
  for (let cuts = 0; ; cuts++) {
    const stream = await source.open();
    try {
      if (cuts > 0) yield* (await missed(source, told)).filter((event) => told.isNews(event));
      const over = yield* readUntilEnd(stream, told);
      if (over) return;
      throw new ControllerUnreachable(source.url, "the event stream was cut", undefined);
    } catch (error) {
      source.signal?.throwIfAborted();
      const failure =
        error instanceof BerthFailure ? error : new ControllerUnreachable(source.url, (error as Error).message, error);
      const passes = failure instanceof ControllerUnreachable || failure.retryable;
      if (!source.resumes || !passes) throw failure;
    } finally {
      stream.destroy();
    }
    await systemClock.sleep(pauseMs, source.signal);
  }
}

async function missed({ trajectory, rollout }: EventSource, told: Told): Promise<RolloutEvent[]> {
  const [records, state] = await Promise.all([trajectory(), rollout()]);
  return told.of(records, state);
}

/** Gives whether the rollout has ended. */
async function* readUntilEnd(stream: AsyncIterable<string>, told: Told): AsyncGenerator<RolloutEvent, boolean> {
  for await (const { event, data } of readEventStream(stream)) {
    if (event === "end") return true;
    if (event === "error") throw failureOf(JSON.parse(data));
    const parsed = rolloutEvent.parse(JSON.parse(data));
    if (told.isNews(parsed)) yield parsed;
  }
  return false;
}
