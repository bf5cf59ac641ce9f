import type { Clock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";
import type { Measures } from "../../core/measures.ts";
import { Line } from "./line.ts";
import type { Place } from "./place.ts";
import { secondsUntilRoom } from "./retry-after.ts";

/** The part of the places into which only those come whose key and group have less than such a part. */
const KEPT_PART = 1 / 10;

export interface WaitingRoomOptions {
  /** Rollouts that may wait for their sandbox. */
  readonly places: number;
  readonly clock: Clock;
  readonly measures: Measures;
  /** Sandboxes that start in a second while rollouts wait; undefined while nobody knows. */
  readonly startsPerSecond: () => number | undefined;
}

/**
 * The rollouts that wait for their sandbox, from their acceptance on: a bounded number of them, of which no key and no group can take
 * every place, and none that would wait in vain.
 */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  readonly #line: Line;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
    this.#line = new Line("rollout", options);
  }

  get size(): number {
    return this.#line.size;
  }

  /**
   * Takes a place until the disposal, for a rollout that must have its sandbox within `patienceMs`.
   * @throws BerthError `overloaded` when there is no place for it, `queue_deadline` when so many come before it that its time would be over
   */
  enter(place: Place, patienceMs: number): Disposable {
    const { places, startsPerSecond } = this.#options;
    const rate = startsPerSecond();
    if (!this.#hasPlaceFor(place)) {
      throw new BerthError("overloaded", `${this.#line.size} rollouts wait for their sandbox, and ${places} may.`, {
        retryAfterSeconds: secondsUntilRoom(places, rate),
      });
    }
    const waitMs = rate === undefined ? 0 : (1000 * this.#line.ahead(place)) / rate;
    if (waitMs > patienceMs) {
      throw new BerthError(
        "queue_deadline",
        `A sandbox can be had in about ${Math.ceil(waitMs / 1000)} seconds, later than the ${patienceMs / 1000} seconds that the rollout may wait.`,
        { retryAfterSeconds: secondsUntilRoom(this.#line.size, rate) },
      );
    }
    return this.#line.join(place);
  }

  /** A place for one that was let in before a restart: it is not refused a second time. */
  readmit(place: Place): Disposable {
    return this.#line.join(place);
  }

  #hasPlaceFor(place: Place): boolean {
    const { places } = this.#options;
    const free = places - this.#line.size;
    const kept = Math.floor(places * KEPT_PART);
    if (free > kept) return true;
    return free > 0 && this.#line.ofKey(place) < kept && this.#line.ofGroup(place) < kept;
  }
}
