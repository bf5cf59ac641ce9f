interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Runs one piece of work a key at a time; whoever asks meanwhile gets the same result or failure. Whoever gives up
 * leaves at once; when nobody waits any more the work is told to end, and the last to leave waits until it has.
 */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let ending = this.#running.get(key); ending?.controller.signal.aborted; ending = this.#running.get(key))
      await ending.result.catch(() => undefined);
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#start(key, work);
    running.waiting += 1;
    if (!signal) return running.result;
    const left = Promise.withResolvers<never>();
    const leave = () => void this.#leave(running, signal).then(left.reject);
    signal.addEventListener("abort", leave, { once: true });
    return Promise.race([running.result, left.promise])
      .catch((failure: unknown) => {
        throw signal.aborted ? signal.reason : failure;
      })
      .finally(() => signal.removeEventListener("abort", leave));
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const result = work(controller.signal).finally(() => this.#running.delete(key));
    const running = { result, controller, waiting: 0 };
    this.#running.set(key, running);
    return running;
  }

  async #leave(running: Running<T>, signal: AbortSignal): Promise<unknown> {
    running.waiting -= 1;
    if (running.waiting === 0) {
      running.controller.abort(signal.reason);
      await running.result.catch(() => undefined);
    }
    return signal.reason;
  }
}
