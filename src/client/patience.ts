import { systemClock, type Clock } from "../core/clock.ts";
import { BerthFailure, ControllerUnreachable } from "./failure.ts";

/** How often a request may be sent. */
export type Repeatable =
  /** The same again changes nothing: the controller knows it by its id. */
  | "always"
  /** Only when the controller refused it before it did anything. */
  | "when-refused";

const first = 250;
const longest = 10_000;

/** What says that the request was not begun, and may be begun later, here or elsewhere. */
const passingCodes: ReadonlySet<string> = new Set(["overloaded", "fenced", "shutting_down"]);

function isWorthRepeating(failure: BerthFailure, repeatable: Repeatable): boolean {
  if (failure.code === "overloaded") return true;
  if (repeatable !== "always") return false;
  if (failure instanceof ControllerUnreachable) return true;
  // What a proxy says has no code of Berth's.
  return failure.retryable && (passingCodes.has(failure.code) || failure.code === "internal");
}

/** Half of it at least, so that many clients that were refused at once do not come back at once. */
const spread = (ms: number): number => ms * (0.5 + Math.random() / 2);

/**
 * Sends a request again while it fails in a way that passes: after what Retry-After says, else after 0.25 s, doubled up to 10 s. Gives up when the next
 * time would be more than `patienceMs` after the first of these failures.
 * @throws what the last attempt threw; the signal's reason when it aborts
 */
export async function withPatience<T>(
  attempt: () => Promise<T>,
  options: {
    readonly patienceMs: number;
    readonly repeatable: Repeatable;
    readonly signal?: AbortSignal | undefined;
    readonly clock?: Pick<Clock, "sleep" | "monotonic">;
  },
): Promise<T> {
  const { patienceMs, repeatable, signal, clock = systemClock } = options;
  let failingSince: number | undefined;
  for (let failed = 0; ; failed++) {
    try {
      return await attempt();
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!(thrown instanceof BerthFailure) || !isWorthRepeating(thrown, repeatable)) throw thrown;
      failingSince ??= clock.monotonic();
      const asked = thrown.retryAfterSeconds === undefined ? undefined : thrown.retryAfterSeconds * 1000;
      const waitMs = asked === undefined ? spread(Math.min(longest, first * 2 ** failed)) : asked + spread(first);
      if (clock.monotonic() - failingSince + waitMs > patienceMs) throw thrown;
      await clock.sleep(waitMs, signal);
    }
  }
}
