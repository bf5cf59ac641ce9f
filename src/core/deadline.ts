import { BerthError, type ErrorCode } from "./errors.ts";

/** A timer beyond this fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs `work` with a signal that aborts after `ms` or when `parent` aborts, and never waits longer than that, whether
 * or not the work listens to the signal.
 * @throws BerthError `code` (default `deadline_exceeded`) naming `what` when the time is up; the parent's reason when it aborts.
 */
export async function withDeadline<T>(
  what: string,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  options: { parent?: AbortSignal | undefined; code?: ErrorCode } = {},
): Promise<T> {
  const { parent, code = "deadline_exceeded" } = options;
  parent?.throwIfAborted();
  const controller = new AbortController();
  return await new Promise<T>((resolve, reject) => {
    const give = (reason: unknown) => {
      controller.abort(reason);
      reject(reason);
    };
    const timer = setTimeout(
      () => give(new BerthError(code, `${what} did not finish within ${ms} ms.`)),
      Math.min(ms, LONGEST_TIMER_MS),
    );
    const onParent = () => give(parent?.reason);
    parent?.addEventListener("abort", onParent, { once: true });
    work(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        parent?.removeEventListener("abort", onParent);
      });
  });
}
