import { sleepBy, type Clock } from "../../src/core/clock.ts";
import type { Trace } from "./trace.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";

/** Whoever waits for a controller that is dead waits for ever, and is forgotten. */
const forever = <T>(): Promise<T> => new Promise<T>(() => {});

/**
 * The life of one controller process. All that it does to the world passes through here; once it has ended nothing of it happens any
 * more, wherever it stood.
 */
export class Life {
  readonly name: string;
  readonly #trace: Trace;
  readonly #alarms = new Set<Disposable>();
  readonly #ended = Promise.withResolvers<void>();
  #stepsLeft: number;
  #alive = true;
  killed = false;

  /** It is killed at its `steps`-th step. */
  constructor(name: string, { trace, steps }: { trace: Trace; steps: number }) {
    this.name = name;
    this.#trace = trace;
    this.#stepsLeft = steps;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** It will not be killed in the middle of anything any more. */
  spare(): void {
    this.#stepsLeft = Infinity;
  }

  end(how: string): void {
    if (!this.#alive) return;
    this.#trace.note(`${this.name} ${how}`);
    this.#alive = false;
    for (const alarm of this.#alarms) alarm[Symbol.dispose]();
    this.#alarms.clear();
    this.#ended.resolve();
  }

  /** One thing done to the world: the process may die before it, or after it and before it hears of it. */
  async cross<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (!this.step(`${what} …`)) return forever();
    const [outcome] = await Promise.allSettled([work()]);
    if (!this.step(`${what} ${outcome.status === "fulfilled" ? "done" : `failed: ${wordFor(outcome.reason)}`}`))
      return forever();
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  }

  /** Whether it lives on. */
  step(what: string): boolean {
    if (!this.#alive) return false;
    this.#trace.note(`${this.name} ${what}`);
    if (--this.#stepsLeft <= 0) {
      this.killed = true;
      this.end("IS KILLED");
    }
    return this.#alive;
  }

  /** The clock as this process sees it: its alarms end with it. */
  clock(world: VirtualClock): Clock {
    const alarm = (ms: number, due: () => void): Disposable => {
      if (!this.#alive) return { [Symbol.dispose]() {} };
      const set = world.alarm(ms, () => {
        this.#alarms.delete(set);
        due();
      });
      this.#alarms.add(set);
      return {
        [Symbol.dispose]: () => {
          this.#alarms.delete(set);
          set[Symbol.dispose]();
        },
      };
    };
    return {
      now: () => world.now(),
      monotonic: () => world.monotonic(),
      alarm,
      sleep: sleepBy(alarm),
    };
  }

  /** Alarms of this process that are set. */
  get alarms(): number {
    return this.#alarms.size;
  }
}

const wordFor = (thrown: unknown): string => (thrown as { code?: string }).code ?? String(thrown);
