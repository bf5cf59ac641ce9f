import { BerthError } from "../core/errors.ts";
import type { RolloutEvent } from "../model/trajectory.ts";

/** Events that a slow reader may be behind; older ones are dropped for it. */
const BACKLOG = 1_000;

/** `Omit` that keeps the members of a union apart. */
type WithoutTime<T> = T extends unknown ? Omit<T, "at"> : never;

type Listener = (event: RolloutEvent | BerthError | undefined) => void;

/** Tells whoever listens what happens to rollouts. Holds nothing for those who do not. */
export class EventHub {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many streams are open. */
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
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

  /** Every stream of the rollout breaks off after what was published: it goes on elsewhere. */
  cut(rolloutId: string, reason: BerthError): void {
    for (const listener of this.#listeners.get(rolloutId) ?? []) listener(reason);
  }

  /** `present` is asked once nothing can be missed any more; a stream of what has `ended` is over after it. */
  async *listen(
    rolloutId: string,
    signal: AbortSignal,
    present: () => Promise<{ event: WithoutTime<RolloutEvent>; ended: boolean }>,
  ): AsyncIterable<RolloutEvent> {
    const queue: RolloutEvent[] = [];
    let over = signal.aborted;
    let cut: BerthError | undefined;
    let wake = Promise.withResolvers<void>();
    const listener: Listener = (event) => {
      if (event === undefined) over = true;
      else if (event instanceof BerthError) cut = event;
      else queue.push(event);
      if (queue.length > BACKLOG) queue.shift();
      wake.resolve();
    };
    const leave = () => this.#leave(rolloutId, listener);
    // A reader that went away may never ask for the next event: nothing is kept for it meanwhile.
    const onAbort = () => {
      leave();
      listener(undefined);
    };
    this.#listeners.set(rolloutId, (this.#listeners.get(rolloutId) ?? new Set()).add(listener));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const { event, ended } = await present();
      yield this.#stamp(event);
      if (ended) return;
      while (!signal.aborted) {
        const next = queue.shift();
        if (next !== undefined) {
          yield next;
          continue;
        }
        if (over) return;
        if (cut) throw cut;
        await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      leave();
    }
  }

  #leave(rolloutId: string, listener: Listener): void {
    const listeners = this.#listeners.get(rolloutId);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(rolloutId);
  }
}
