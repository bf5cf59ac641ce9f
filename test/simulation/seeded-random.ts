import type { IdSource } from "../../src/core/ids.ts";

/** Chance that can be had again: the same seed draws the same. Ids too, so that a run can be replayed to the letter. */
export class SeededRandom implements IdSource {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0;
  }

  /** Another sequence, so that one part may draw more without changing what the others draw. */
  fork(): SeededRandom {
    return new SeededRandom(this.#bits());
  }

  /** From 0 to below 1. */
  next(): number {
    return this.#bits() / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(from: readonly T[]): T {
    const chosen = from[this.between(0, from.length - 1)];
    if (chosen === undefined) throw new Error("There is nothing to pick from.");
    return chosen;
  }

  /** Milliseconds around a usual time: most take about as long, one in twenty takes ten times that. */
  aroundMs(usualMs: number): number {
    return usualMs * (0.25 + 1.5 * this.next()) * (this.chance(0.05) ? 10 : 1);
  }

  hex(bytes: number): string {
    let text = "";
    for (let byte = 0; byte < bytes; byte++) text += this.between(0, 255).toString(16).padStart(2, "0");
    return text;
  }

  uuid(): string {
    const text = this.hex(16);
    const parts = [text.slice(0, 8), text.slice(8, 12), `4${text.slice(13, 16)}`, `8${text.slice(17, 20)}`];
    return [...parts, text.slice(20)].join("-");
  }

  /** Mulberry32. */
  #bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
