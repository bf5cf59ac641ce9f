/**
 * Lets at most `most` callers go on in one turn of the event loop: what else waits for the loop then waits for a few of those that came together,
 * and not for all. In the order of their coming.
 */
export class Turnstile {
  readonly #most: number;
  #waiting: (() => void)[] = [];
  #passed = 0;
  #turns = false;

  constructor(most: number) {
    this.#most = most;
  }

  pass(): Promise<void> {
    this.#turn();
    if (this.#passed < this.#most && this.#waiting.length === 0) {
      this.#passed++;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #turn(): void {
    if (this.#turns) return;
    this.#turns = true;
    setImmediate(() => {
      this.#turns = false;
      const next = this.#waiting.splice(0, this.#most);
      this.#passed = next.length;
      for (const go of next) go();
      if (this.#passed > 0) this.#turn();
    });
  }
}
