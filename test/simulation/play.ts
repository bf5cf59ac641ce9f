import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Task } from "./seeds-thread.ts";
import type { Outcome } from "./simulate.ts";

/** No seed takes nearly as long; a thread that does is stuck in a loop. */
const SEED_MS = 60_000;

/**
 * Plays tasks on threads and gives every outcome as it comes, in no order. Ends early when `enough` says so.
 * @throws when a thread dies or takes more than a minute for one seed
 */
export async function play(
  tasks: Iterable<Task>,
  { jobs, onOutcome }: { jobs: number; onOutcome: (outcome: Outcome, task: Task) => "enough" | undefined },
): Promise<void> {
  const left = tasks[Symbol.iterator]();
  let enough = false;
  const playAll = async () => {
    const thread = new Worker(new URL("./seeds-thread.ts", import.meta.url));
    try {
      while (!enough) {
        const next = left.next();
        if (next.done) return;
        if (onOutcome(await played(thread, next.value), next.value) === "enough") enough = true;
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: jobs }, playAll));
}

async function played(thread: Worker, task: Task): Promise<Outcome> {
  const over = new AbortController();
  const { signal } = over;
  const failed = (why: string, cause?: unknown) => new Error(`seed ${task.seed} ${why}`, { cause });
  const timer = setTimeout(() => over.abort(failed("does not end")), SEED_MS);
  const onExit = () => over.abort(failed("ended its thread"));
  thread.once("exit", onExit);
  try {
    const message = once(thread, "message", { signal }) as Promise<[Outcome]>;
    thread.postMessage(task);
    return (await message)[0];
  } catch (thrown) {
    throw signal.aborted ? signal.reason : failed(`broke its thread: ${String(thrown)}`, thrown);
  } finally {
    clearTimeout(timer);
    thread.off("exit", onExit);
  }
}
