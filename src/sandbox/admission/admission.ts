import PQueue, { type QueueAddOptions } from "p-queue";
import type { Clock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";
import { FairQueue, type Place } from "./fair-queue.ts";
import type { AvailableMemory } from "./machine-room.ts";

/** What a sandbox that starts may take before it shows in what is available: guest, runtime, and the pages of its programs. */
const START_BYTES = 64 * 1024 * 1024;
const LOOK_AGAIN_MS = 100;

export interface AdmissionOptions {
  /** Sandboxes that start at the same time: starting is work for the processors, and more of them only start later. */
  readonly starting: number;
  /** Bytes that must stay available on the machine. */
  readonly memoryFloor: number;
  readonly availableMemory: AvailableMemory;
  readonly clock: Clock;
}

/**
 * Lets sandboxes start: a few at a time, the groups in turn, and none while the machine is short of memory. Of those that live, nobody
 * is charged what he may use at most, since few ever do: what the machine really has left decides.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #queue: PQueue<FairQueue, QueueAddOptions & Partial<Place>>;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.starting, queueClass: FairQueue });
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Starts in its turn. The signal calls it off while it waits; once it has begun, the work must hear it for itself.
   * @throws BerthError `overloaded` when it has waited for `patienceMs`; the signal's reason; what the work throws
   */
  async run<T>(
    place: Place,
    work: () => Promise<T>,
    patience: { patienceMs: number; signal: AbortSignal },
  ): Promise<T> {
    const { patienceMs, signal } = patience;
    const { clock } = this.#options;
    const wait = new AbortController();
    const onAbort = () => wait.abort(signal.reason);
    const timer = clock.alarm(patienceMs, () =>
      wait.abort(new BerthError("overloaded", `No sandbox could be started within ${patienceMs / 1000} seconds.`)),
    );
    const begun = () => {
      timer[Symbol.dispose]();
      signal.removeEventListener("abort", onAbort);
    };
    try {
      signal.throwIfAborted();
      signal.addEventListener("abort", onAbort, { once: true });
      return await this.#queue.add(
        async () => {
          await this.#untilThereIsRoom(wait.signal);
          begun();
          return await work();
        },
        { ...place, signal: wait.signal },
      );
    } finally {
      begun();
    }
  }

  /** Rejects those that wait; those that have begun go on. */
  clear(): void {
    this.#queue.clear();
  }

  async #untilThereIsRoom(signal: AbortSignal): Promise<void> {
    const { availableMemory, memoryFloor, clock } = this.#options;
    for (;;) {
      const available = await availableMemory();
      signal.throwIfAborted();
      if (available === undefined || available - this.#queue.pending * START_BYTES >= memoryFloor) return;
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
  }
}
