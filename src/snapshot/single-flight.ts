interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Runs one piece of work a key at a time; whoever asks meanwhile gets the same result or failure. Each may leave by a
 * signal of its own; the work's signal aborts when all have left.
 */
export class SingleFlight<T> {
  readonly #running = new Map<string, Flight<T>>();

  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    // Work that was given up may still be tidying up.
    for (let flight = this.#running.get(key); flight?.controller.signal.aborted; flight = this.#running.get(key)) {
      await until(signal, flight.result.then(nothing, nothing));
    }
    const flight = this.#running.get(key) ?? this.#start(key, work);
    flight.waiting++;
    try {
      return await until(signal, flight.result);
    } finally {
      flight.waiting--;
      if (flight.waiting === 0 && signal?.aborted) flight.controller.abort(signal.reason);
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const result = work(controller.signal).finally(() => this.#running.delete(key));
    // Whoever waits hears of a failure; when all have left, nobody is there to.
    result.catch(nothing);
    const flight = { result, controller, waiting: 0 };
    this.#running.set(key, flight);
    return flight;
  }
}

const nothing = (): undefined => undefined;

/** The promise, or the signal's reason when it aborts first. */
async function until<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (!signal) return promise;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
