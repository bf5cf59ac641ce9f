import { noMeasures, type Measures } from "../../src/core/measures.ts";
import type { Ledger } from "./ledger.ts";

/** What a controller says that it holds, which must be nothing when nothing is left to hold. */
export class Gauges {
  readonly #ledger: Ledger;
  /** Kind of sandbox → how many. */
  readonly running = new Map<string, number>();
  /** Status → rollouts that are held. */
  readonly held = new Map<string, number>();

  readonly measures: Measures = {
    ...noMeasures,
    sandboxes: (purpose, change) => this.#add(this.running, purpose, change),
    rolloutMoved: (from, to) => {
      if (from !== undefined) this.#add(this.held, from, -1);
      if (to !== undefined) this.#add(this.held, to, 1);
    },
  };

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Everything that is not zero, in words. */
  left(): string[] {
    const named = (what: string, counts: ReadonlyMap<string, number>) =>
      [...counts].filter(([, count]) => count !== 0).map(([name, count]) => `${count} ${name} ${what}`);
    return [...named("sandboxes", this.running), ...named("rollouts", this.held)];
  }

  #add(counts: Map<string, number>, name: string, change: number): void {
    const count = (counts.get(name) ?? 0) + change;
    counts.set(name, count);
    if (count < 0) this.#ledger.violated("left", `the gauge of ${name} is ${count}`);
  }
}
