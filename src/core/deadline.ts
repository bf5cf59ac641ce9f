import { systemClock, type Clock } from "./clock.ts";
import { BerthError, type ErrorCode } from "./errors.ts";

/**
 * Runs `work` with a signal that aborts after `ms` or when `parent` aborts, and never waits longer than that, whether
 * or not the work listens to the signal.
 * What runs on an injected clock gives it here too.
 * @throws BerthError `code` (default `deadline_exceeded`) naming `what` when the time is up; the parent's reason when it aborts.
 */
export async function withDeadline<T>(
  what: string,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  options: { parent?: AbortSignal | undefined; code?: ErrorCode; clock?: Pick<Clock, "alarm"> } = {},
): Promise<T> {
  const { parent, code = "deadline_exceeded", clock = systemClock } = options;
  parent?.throwIfAborted();
  const controller = new AbortController();
  return await new Promise<T>((resolve, reject) => {
    const give = (reason: unknown) => {
      controller.abort(reason);
      reject(reason);
    };
    const timer = clock.alarm(ms, () => give(new BerthError(code, `${what} did not finish within ${ms} ms.`)));
    const onParent = () => give(parent?.reason);
    parent?.addEventListener("abort", onParent, { once: true });
    work(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        timer[Symbol.dispose]();
        parent?.removeEventListener("abort", onParent);
      });
  });
}
