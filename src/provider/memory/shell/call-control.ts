/** Ends everything that a call has started, and counts it. Its timers keep no process alive. */
export class CallControl {
  readonly #controller = new AbortController();
  readonly #jobs = new Set<Promise<unknown>>();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Background jobs that have not ended. */
  get jobs(): number {
    return this.#jobs.size;
  }

  kill(): void {
    this.#controller.abort(new Error("killed"));
  }

  /** Runs beside the call's first process; how it ends interests nobody. */
  background(work: Promise<unknown>): void {
    const ended = Promise.allSettled([work]);
    this.#jobs.add(ended);
    void ended.then(() => this.#jobs.delete(ended));
  }

  async jobsEnded(): Promise<void> {
    await Promise.all(this.#jobs);
  }

  /** Gives way to others, so that no loop of a command can hold up the process. @throws the abort's reason when the call was killed */
  async pause(): Promise<void> {
    this.signal.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
    this.signal.throwIfAborted();
  }

  async sleep(ms: number): Promise<void> {
    this.signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        clearTimeout(timer);
        reject(this.signal.reason);
      };
      const timer = setTimeout(
        () => {
          this.signal.removeEventListener("abort", onAbort);
          resolve();
        },
        Math.min(ms, 2 ** 31 - 1),
      ).unref();
      this.signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
