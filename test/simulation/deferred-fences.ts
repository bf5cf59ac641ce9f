import type { Claims } from "../../src/controllers/claims.ts";
import type { Claim, Fences } from "../../src/store/leases.ts";

/** What a store tells a controller of its claims comes with the answer to a write: an answer that is lost takes it along. */
export class DeferredFences implements Fences {
  readonly #claims: Claims;
  #untold: (() => void)[] = [];

  constructor(claims: Claims) {
    this.#claims = claims;
  }

  get controller(): string {
    return this.#claims.controller;
  }

  of(rolloutId: string): Claim | undefined {
    return this.#claims.of(rolloutId);
  }

  took(rolloutId: string, claim: Claim): void {
    this.#untold.push(() => this.#claims.took(rolloutId, claim));
  }

  lost(rolloutId: string): void {
    this.#untold.push(() => this.#claims.lost(rolloutId));
  }

  /** The answers arrive, or are lost. */
  settle({ heard }: { heard: boolean }): void {
    const untold = this.#untold;
    this.#untold = [];
    if (heard) for (const tell of untold) tell();
  }
}
