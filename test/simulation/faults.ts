import type { SeededRandom } from "./seeded-random.ts";
import type { Trace } from "./trace.ts";

/** The most that a fault is ever likely, each time that it could happen. */
const mostLikely = {
  create_fails: 0.3,
  create_reply_lost: 0.2,
  /** Later than anyone waits, heeding nobody. */
  create_late: 0.15,
  create_never_ends: 0.1,
  connect_fails: 0.3,
  guest_dies: 0.05,
  guest_out_of_memory: 0.05,
  guest_silent: 0.05,
  guest_reply_lost: 0.08,
  guest_talks_nonsense: 0.05,
  inspect_fails: 0.2,
  inspect_never_ends: 0.1,
  inspect_is_late: 0.3,
  destroy_fails: 0.4,
  destroy_reply_lost: 0.3,
  destroy_slow: 0.3,
  destroy_never_ends: 0.15,
  list_fails: 0.3,
  list_stale: 0.4,
  list_never_ends: 0.1,
  snapshot_fails: 0.2,
  snapshot_slow: 0.2,
  store_read_fails: 0.02,
  store_commit_fails: 0.04,
  store_reply_lost: 0.03,
  store_slow: 0.05,
  machine_full: 0.2,
  request_lost: 0.15,
  request_twice: 0.2,
  request_late: 0.3,
  reply_lost: 0.15,
  client_leaves: 0.1,
} as const;

export type Fault = keyof typeof mostLikely;

export const faultNames = Object.keys(mostLikely) as Fault[];

/** Each seed has some kinds of faults and not the others: what hides behind one fault shows without it. */
const PRESENT = 0.35;

/** What goes wrong in one world, and how often it did. */
export class Faults {
  readonly #random: SeededRandom;
  readonly #trace: Trace;
  readonly #likely: Record<Fault, number>;
  readonly happened = new Map<Fault, number>();
  #calm = false;

  constructor(random: SeededRandom, trace: Trace) {
    this.#random = random;
    this.#trace = trace;
    const drawn = faultNames.map((name) => [name, random.chance(PRESENT) ? random.next() * mostLikely[name] : 0]);
    this.#likely = Object.fromEntries(drawn) as Record<Fault, number>;
  }

  happens(fault: Fault): boolean {
    if (this.#calm || this.#likely[fault] === 0 || !this.#random.chance(this.#likely[fault])) return false;
    this.happened.set(fault, (this.happened.get(fault) ?? 0) + 1);
    this.#trace.note(`FAULT ${fault}`);
    return true;
  }

  /** From now on nothing goes wrong. */
  end(): void {
    this.#calm = true;
    this.#trace.note("nothing goes wrong from here on");
  }
}
