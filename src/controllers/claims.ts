import { BerthError } from "../core/errors.ts";
import type { Claim, Fences } from "../store/leases.ts";
import type { Membership } from "./membership.ts";

/** Which unfinished rollouts this controller holds. What it writes about them rests on that, and what it asks of their sandboxes. */
export class Claims implements Fences {
  readonly #membership: Pick<Membership, "id" | "holds">;
  readonly #held = new Map<string, Claim>();
  #onLost: (rolloutId: string) => void = () => {};

  constructor(membership: Pick<Membership, "id" | "holds">) {
    this.#membership = membership;
  }

  get controller(): string {
    return this.#membership.id;
  }

  /** Whether this controller may act on what it holds: its lease has not ended. */
  get stand(): boolean {
    return this.#membership.holds;
  }

  of(rolloutId: string): Claim | undefined {
    if (!this.#membership.holds)
      throw new BerthError("fenced", "The lease of this controller has ended: it no longer answers for its rollouts.");
    return this.#held.get(rolloutId);
  }

  /** Whether the rollout is this controller's now. */
  holds(rolloutId: string): boolean {
    return this.#membership.holds && this.#held.has(rolloutId);
  }

  /** What its sandbox is told; undefined when it is not this controller's. */
  epoch(rolloutId: string): number | undefined {
    return this.#membership.holds ? this.#held.get(rolloutId)?.epoch : undefined;
  }

  took(rolloutId: string, claim: Claim): void {
    this.#held.set(rolloutId, claim);
  }

  /** Of a rollout that has ended or was given back. Gives the claim that was held. */
  forget(rolloutId: string): Claim | undefined {
    const claim = this.#held.get(rolloutId);
    this.#held.delete(rolloutId);
    return claim;
  }

  /** The lease has ended. */
  clear(): void {
    this.#held.clear();
  }

  lost(rolloutId: string): void {
    if (this.#held.delete(rolloutId)) this.#onLost(rolloutId);
  }

  /** Calls back for each rollout that turns out to be another's. */
  onLost(lost: (rolloutId: string) => void): void {
    this.#onLost = lost;
  }
}
