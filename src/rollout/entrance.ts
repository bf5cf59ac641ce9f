import { BerthError } from "../core/errors.ts";
import { secondsUntilRoom } from "../sandbox/admission/retry-after.ts";
import type { LiveRollouts } from "./live-rollouts.ts";

/** Rollouts that were let in and are being written: in the store already, perhaps, and not yet among the live ones. */
export class Entrance {
  readonly #rollouts: Pick<LiveRollouts, "size" | "endsPerSecond">;
  readonly #atMost: number;
  readonly #entering = new Map<string, Promise<void>>();

  /** `atMost`: rollouts that hold a sandbox or wait for one, those that enter among them. */
  constructor(rollouts: Pick<LiveRollouts, "size" | "endsPerSecond">, atMost: number) {
    this.#rollouts = rollouts;
    this.#atMost = atMost;
  }

  /** Resolves when the rollout is among the live ones, or is not entering. */
  async passed(id: string): Promise<void> {
    await this.#entering.get(id);
  }

  /**
   * Holds a place until the rollout is among the live ones, so that many at once are no more than may be, and who asks for it meanwhile waits.
   * One that is known takes no place. @throws BerthError `overloaded`
   */
  enter(id: string, known: boolean): Disposable {
    if (!known && this.#rollouts.size + this.#entering.size >= this.#atMost) {
      throw new BerthError("overloaded", `The controller holds ${this.#atMost} rollouts, as many as it may.`, {
        retryAfterSeconds: secondsUntilRoom(this.#atMost, this.#rollouts.endsPerSecond()),
      });
    }
    const entered = Promise.withResolvers<void>();
    this.#entering.set(id, entered.promise);
    const leave = () => {
      if (this.#entering.get(id) === entered.promise) this.#entering.delete(id);
      entered.resolve();
    };
    return { [Symbol.dispose]: leave };
  }
}
