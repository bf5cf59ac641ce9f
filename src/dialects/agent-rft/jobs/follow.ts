import type { Clock } from "../../../core/clock.ts";
import type { TrainingEvent, TrainingJob, TrainingService } from "./training-service.ts";

const terminal: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled"]);

export interface FollowOptions {
  readonly service: Pick<TrainingService, "retrieve" | "eventsAfter">;
  readonly clock: Pick<Clock, "sleep">;
  /** Between two looks. */
  readonly intervalMs: number;
  readonly onEvent: (event: TrainingEvent) => void;
  readonly onStatus: (job: TrainingJob) => void;
  readonly signal?: AbortSignal;
}

/**
 * Looks at a job until it has ended, and gives it. No event is told twice, and none is left out that came before the end.
 * @throws BerthError of the trainer; the signal's reason
 */
export async function followJob(id: string, options: FollowOptions): Promise<TrainingJob> {
  const { service, clock, intervalMs, onEvent, onStatus, signal } = options;
  let last: string | undefined;
  let status: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const job = await service.retrieve(id);
    for (const event of await service.eventsAfter(id, last)) {
      last = event.id;
      onEvent(event);
    }
    if (job.status !== status) onStatus(job);
    status = job.status;
    if (terminal.has(job.status)) return job;
    await clock.sleep(intervalMs, signal);
  }
}

export const hasSucceeded = ({ status }: TrainingJob): boolean => status === "succeeded";
