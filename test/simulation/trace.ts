import type { VirtualClock } from "../support/virtual-clock.ts";

/** Steps that are kept to be shown. */
const KEPT = 120;

/** What happened, step by step: the last steps in words, all of them as one number that tells two runs apart. */
export class Trace {
  readonly #clock: VirtualClock;
  readonly #echo: boolean;
  readonly #last: string[] = [];
  #digest = 0x811c9dc5;
  #steps = 0;

  /** `echo` prints every step as it happens. */
  constructor(clock: VirtualClock, { echo = false } = {}) {
    this.#clock = clock;
    this.#echo = echo;
  }

  note(what: string): void {
    const line = `${(this.#clock.monotonic() / 1000).toFixed(3).padStart(10)} s  ${what}`;
    this.#steps++;
    for (let at = 0; at < line.length; at++) this.#digest = Math.imul(this.#digest ^ line.charCodeAt(at), 0x01000193);
    this.#last.push(line);
    if (this.#last.length > KEPT) this.#last.shift();
    if (this.#echo) console.log(line);
  }

  get steps(): number {
    return this.#steps;
  }

  get digest(): string {
    return (this.#digest >>> 0).toString(16).padStart(8, "0");
  }

  get last(): readonly string[] {
    return this.#last;
  }
}
