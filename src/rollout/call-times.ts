import type { Clock } from "../core/clock.ts";
import type { CallPhase } from "../core/measures.ts";

/** Where the time of one call goes: each moment from its making on belongs to one phase. */
export class CallTimes {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #spentMs: Record<CallPhase, number> = { sandbox: 0, order: 0, run: 0, controller: 0 };
  #phase: CallPhase = "controller";
  #sinceMs: number;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonic();
  }

  enter(phase: CallPhase): void {
    const nowMs = this.#clock.monotonic();
    this.#spentMs[this.#phase] += nowMs - this.#sinceMs;
    this.#phase = phase;
    this.#sinceMs = nowMs;
  }

  /** Seconds spent until now. */
  spent(): Record<CallPhase, number> {
    this.enter(this.#phase);
    const { sandbox, order, run, controller } = this.#spentMs;
    return { sandbox: sandbox / 1000, order: order / 1000, run: run / 1000, controller: controller / 1000 };
  }
}
