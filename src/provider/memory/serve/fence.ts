import { GuestFault } from "../tree/fault.ts";

/** Keeps out whom another has replaced: the highest epoch that came stays, and ends what was begun before it. */
export class Fence {
  readonly #endAll: () => Promise<unknown>;
  #highest = 0;
  #ending: Promise<unknown> = Promise.resolve();

  constructor(endAll: () => Promise<unknown>) {
    this.#endAll = endAll;
  }

  /** Of a request's header; none is 0. Resolves when nothing of a lower epoch runs. @throws GuestFault `fenced` */
  async enter(header: string | string[] | undefined): Promise<void> {
    const epoch = Number(header ?? 0);
    this.assertPresent(header);
    if (epoch > this.#highest) {
      this.#highest = epoch;
      this.#ending = this.#endAll();
    }
    await this.#ending;
  }

  /** @throws GuestFault `fenced` when a higher one came meanwhile */
  assertPresent(header: string | string[] | undefined): void {
    if (Number(header ?? 0) < this.#highest)
      throw new GuestFault("fenced", `The epoch ${String(header ?? 0)} was replaced by ${this.#highest}.`);
  }
}
