import type { Clock } from "../../core/clock.ts";
import type { Measures } from "../../core/measures.ts";
import { BusyRate } from "./busy-rate.ts";
import type { QueuePlace } from "./fair-queue.ts";
import { Gate, type Patience } from "./gate.ts";
import { Line } from "./line.ts";
import type { AvailableMemory } from "./machine-room.ts";
import type { Place } from "./place.ts";

/** What a sandbox that starts may take before it shows in what is available: guest, runtime, and the pages of its programs. */
const START_BYTES = 64 * 1024 * 1024;
/** The part of the memory floor that gradings may use: what is kept of it for them. */
const GRADING_PART = 1 / 2;

export interface AdmissionOptions {
  /** Sandboxes that start at the same time: starting is work for the processors, and more of them only start later. */
  readonly starting: number;
  /** Rollouts that are graded at the same time, each in one clean sandbox after the other. */
  readonly gradings: number;
  /** Bytes that must stay available on the machine. */
  readonly memoryFloor: number;
  readonly availableMemory: AvailableMemory;
  readonly clock: Clock;
  readonly measures: Measures;
}

/**
 * Lets sandboxes start: a few at a time, keys and groups in turn, and none while the machine is short of memory. Of those that live, nobody
 * is charged what he may use at most, since few ever do: what the machine really has left decides. Gradings have turns of their own and memory
 * that no rollout takes, so that rollouts which wait for their verdict never wait for each other.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #rollouts: Gate;
  readonly #gradings: Gate;
  readonly #gradingLine: Line;
  readonly #rate: BusyRate;
  #waitingRollouts = 0;

  constructor(options: AdmissionOptions) {
    const { starting, gradings, memoryFloor, clock } = options;
    this.#options = options;
    this.#rate = new BusyRate(clock);
    this.#gradingLine = new Line("grading", options);
    this.#rollouts = new Gate({
      atOnce: starting,
      hasRoom: (begun) => this.#isAvailable(memoryFloor + (begun + 1) * START_BYTES),
      clock,
    });
    this.#gradings = new Gate({
      atOnce: gradings,
      // One goes on whatever is left: it frees more than it takes, and others wait for it.
      hasRoom: async (begun) => begun === 0 || (await this.#isAvailable(memoryFloor * GRADING_PART + START_BYTES)),
      clock,
    });
  }

  /** How many sandboxes wait for their turn to start. */
  get waiting(): number {
    return this.#rollouts.waiting;
  }

  /** Sandboxes of rollouts that start in a second while some wait; undefined while too few have. */
  startsPerSecond(): number | undefined {
    return this.#rate.perSecond();
  }

  /**
   * Starts in its turn.
   * @throws BerthError `queue_deadline` when it has waited for `patienceMs`; the signal's reason; what the work throws
   */
  async run<T>(place: QueuePlace, work: () => Promise<T>, patience: Patience): Promise<T> {
    if (place.background) return this.#rollouts.pass(place, work, patience);
    let waits = true;
    const over = () => {
      if (waits) this.#countWaiting(-1);
      waits = false;
    };
    this.#countWaiting(1);
    try {
      const begin = () => {
        over();
        this.#rate.note();
        return work();
      };
      return await this.#rollouts.pass(place, begin, patience);
    } finally {
      over();
    }
  }

  /**
   * A whole grading in its turn, all of its sandboxes.
   * @throws BerthError `queue_deadline` when it has waited for `patienceMs`; the signal's reason; what the work throws
   */
  async grade<T>(place: Place, work: () => Promise<T>, patience: Patience): Promise<T> {
    using waiting = this.#gradingLine.join(place);
    const begin = () => {
      waiting[Symbol.dispose]();
      return work();
    };
    return await this.#gradings.pass({ ...place, background: false }, begin, patience);
  }

  #countWaiting(change: 1 | -1): void {
    const before = this.#waitingRollouts;
    this.#waitingRollouts += change;
    if (before === 0 || this.#waitingRollouts === 0) this.#rate.busy(this.#waitingRollouts > 0);
  }

  async #isAvailable(bytes: number): Promise<boolean> {
    const available = await this.#options.availableMemory();
    return available === undefined || available >= bytes;
  }
}
