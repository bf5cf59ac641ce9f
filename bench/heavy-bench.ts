import type { Bench } from "../src/bench/scenario.ts";

/** What the heavy scenarios need besides: the controller as a process of its own. */
export interface HeavyBench extends Bench {
  readonly controller: { readonly pid: number; readonly dataDir: string };
  /** Live sandboxes of the scenario `density`. */
  readonly sandboxes: number;
  /** What is kept from one run to the next. */
  readonly cacheDir: string;
}
