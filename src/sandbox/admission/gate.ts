import PQueue, { type QueueAddOptions } from "p-queue";
import type { Clock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";
import { FairQueue, type QueuePlace } from "./fair-queue.ts";

const LOOK_AGAIN_MS = 100;

export interface GateOptions {
  /** How many may be at work at the same time. */
  readonly atOnce: number;
  /** Whether one more may begin beside those that have. */
  readonly hasRoom: (begun: number) => Promise<boolean>;
  readonly clock: Clock;
}

export interface Patience {
  readonly patienceMs: number;
  /** Calls it off while it waits; once it has begun, the work must hear it for itself. */
  readonly signal: AbortSignal;
}

/** Lets work begin: a little at a time, keys and groups in turn, and when there is room. */
export class Gate {
  readonly #options: GateOptions;
  readonly #queue: PQueue<FairQueue, QueueAddOptions & Partial<QueuePlace>>;
  #begun = 0;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.atOnce, queueClass: FairQueue });
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** @throws BerthError `queue_deadline` when it has waited for `patienceMs`; the signal's reason; what the work throws */
  async pass<T>(place: QueuePlace, work: () => Promise<T>, { patienceMs, signal }: Patience): Promise<T> {
    const { clock } = this.#options;
    const wait = new AbortController();
    const onAbort = () => wait.abort(signal.reason);
    const timer = clock.alarm(patienceMs, () =>
      wait.abort(new BerthError("queue_deadline", `Its turn did not come within ${patienceMs / 1000} seconds.`)),
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
          using _room = await this.#takeRoom(wait.signal);
          begun();
          return await work();
        },
        { ...place, signal: wait.signal },
      );
    } finally {
      begun();
    }
  }

  async #takeRoom(signal: AbortSignal): Promise<Disposable> {
    const { hasRoom, clock } = this.#options;
    for (;;) {
      const begun = this.#begun;
      const room = await hasRoom(begun);
      signal.throwIfAborted();
      // Another may have taken the room meanwhile.
      if (this.#begun > begun) continue;
      if (room) break;
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
    this.#begun++;
    return { [Symbol.dispose]: () => void this.#begun-- };
  }
}
