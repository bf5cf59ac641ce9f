import type { Arena } from "./arena.ts";
import type { BackendName } from "./backends.ts";
import type { Defence } from "./defences.ts";

/** Whether an attack got what it was after, judged by ground truth that was planted for it, and what was seen. */
export interface Reached {
  readonly reached: boolean;
  readonly seen: string;
}

/**
 * One attack. `attempt` runs twice: against everything, where it must not reach its goal, and in an arena without `defences`, where
 * it must: an attack that never works proves nothing.
 */
export interface Attack {
  /** Area and name, `area/what-it-tries`. */
  readonly id: string;
  /** What is tried, in a sentence. */
  readonly title: string;
  /** What holds it. Of several, each holds it alone. */
  readonly defences: readonly [Defence, ...Defence[]];
  readonly attempt: (arena: Arena) => Promise<Reached>;
  /** Why the attack means nothing on a backend; undefined where it means something. */
  readonly notApplicable?: (backend: BackendName) => string | undefined;
  /**
   * Why the positive control runs under runc also on the backends of gVisor: what gVisor's kernel does not have cannot be opened there.
   */
  readonly controlUnderRunc?: string;
  /** Seconds for one attempt, creating its sandboxes included; 60 when it is left out. */
  readonly seconds?: number;
}

/** Every field of `found` that differs from what a safe sandbox shows makes the goal reached. */
export const reachedIf = (reached: boolean, seen: string): Reached => ({ reached, seen: seen.trim().slice(0, 300) });
