import type { RolloutEvent } from "../model/trajectory.ts";

/** Events that a slow reader may be behind; older ones are dropped for it. */
const BACKLOG = 1_000;

/** `Omit` that keeps the members of a union apart. */
type WithoutTime<T> = T extends unknown ? Omit<T, "at"> : never;

type Listener = (event: RolloutEvent | undefined) => void;

/** Tells whoever listens what happens to rollouts. Holds nothing for those who do not. */
export class EventHub {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  publish(rolloutId: string, event: WithoutTime<RolloutEvent>): void {
    const listeners = this.#listeners.get(rolloutId);
    if (!listeners) return;
    const stamped = this.#stamp(event);
    for (const listener of listeners) listener(stamped);
  }

  #stamp(event: WithoutTime<RolloutEvent>): RolloutEvent {
    return { ...event, at: new Date(this.#now()).toISOString() };
  }

  /** The rollout has ended: every stream of it ends after what was published. */
  end(rolloutId: string): void {
    for (const listener of this.#listeners.get(rolloutId) ?? []) listener(undefined);
  }

  /** `present` is asked once nothing can be missed any more; a stream of what has `ended` is over after it. */
  async *listen(
    rolloutId: string,
    signal: AbortSignal,
    present: () => Promise<{ event: WithoutTime<RolloutEvent>; ended: boolean }>,
  ): AsyncIterable<RolloutEvent> {
    const queue: (RolloutEvent | undefined)[] = [];
    let wake = Promise.withResolvers<void>();
    const listener: Listener = (event) => {
      if (queue.length < BACKLOG || event === undefined) queue.push(event);
      wake.resolve();
    };
    const onAbort = () => listener(undefined);
    const listeners = this.#listeners.get(rolloutId) ?? new Set();
    this.#listeners.set(rolloutId, listeners.add(listener));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const { event, ended } = await present();
      yield this.#stamp(event);
      if (ended) return;
      while (!signal.aborted) {
        await wake.promise;
        wake = Promise.withResolvers();
        for (const event of queue.splice(0)) {
          if (event === undefined) return;
          yield event;
        }
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(rolloutId);
    }
  }
}
