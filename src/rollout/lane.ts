import type { ToolEffect } from "../model/tool-call.ts";

/**
 * The order of calls in one sandbox: reads run together, a write runs alone, and no one overtakes. A failure of one
 * does not touch the next.
 */
export class Lane {
  /** Ends when every write so far has ended. */
  #writes: Promise<unknown> = Promise.resolve();
  /** Reads since the last write. */
  #reads: Promise<unknown>[] = [];

  run<T>(effect: ToolEffect, work: () => Promise<T>): Promise<T> {
    const before = effect === "read" ? this.#writes : Promise.all([this.#writes, ...this.#reads]);
    const result = before.then(work);
    const ended = result.then(
      () => undefined,
      () => undefined,
    );
    if (effect === "write") {
      this.#writes = ended;
      this.#reads = [];
    } else {
      this.#reads.push(ended);
      void ended.then(() => {
        const at = this.#reads.indexOf(ended);
        if (at >= 0) void this.#reads.splice(at, 1);
      });
    }
    return result;
  }

  /** Resolves when everything that was given so far has ended. */
  async idle(): Promise<void> {
    await Promise.all([this.#writes, ...this.#reads]);
  }
}
