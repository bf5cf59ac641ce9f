import type { Clock } from "../../core/clock.ts";
import type { Crowd, Measures, WaitingKind } from "../../core/measures.ts";
import type { Place } from "./place.ts";

/** Who waits, since when, and how many of each key and group; told to the measures at each change. */
export class Line {
  readonly #kind: WaitingKind;
  readonly #parts: { readonly clock: Clock; readonly measures: Measures };
  /** Since when each waits, Unix milliseconds, oldest first. */
  readonly #since = new Map<symbol, number>();
  /** How many of each group, by key; no empty ones. */
  readonly #keys = new Map<string, Map<string, number>>();

  constructor(kind: WaitingKind, parts: { readonly clock: Clock; readonly measures: Measures }) {
    this.#kind = kind;
    this.#parts = parts;
  }

  get size(): number {
    return this.#since.size;
  }

  ofKey({ key }: Place): number {
    return sum(this.#keys.get(key)?.values() ?? []);
  }

  ofGroup({ key, group }: Place): number {
    return this.#keys.get(key)?.get(group) ?? 0;
  }

  /** How many have their turn before one who comes now, at most. */
  ahead(place: Place): number {
    const inTurn = this.ofGroup(place) + 1;
    const own = this.#keys.get(place.key) ?? new Map<string, number>();
    const others = [...own].map(([group, count]) => (group === place.group ? count : Math.min(count, inTurn)));
    const before = sum(others);
    const keys = [...this.#keys].filter(([key]) => key !== place.key);
    return before + sum(keys.map(([, groups]) => Math.min(sum(groups.values()), before + 1)));
  }

  /** Waits until the disposal. */
  join(place: Place): Disposable {
    const { clock, measures } = this.#parts;
    const me = Symbol(place.group);
    const crowd = crowdOf(this.ofGroup(place));
    const began = clock.monotonic();
    this.#since.set(me, clock.now());
    this.#count(place, 1);
    return {
      [Symbol.dispose]: () => {
        if (!this.#since.delete(me)) return;
        this.#count(place, -1);
        measures.waited(this.#kind, crowd, (clock.monotonic() - began) / 1000);
      },
    };
  }

  #count({ key, group }: Place, change: 1 | -1): void {
    const groups = this.#keys.get(key) ?? new Map<string, number>();
    const count = (groups.get(group) ?? 0) + change;
    if (count > 0) groups.set(group, count);
    else groups.delete(group);
    if (groups.size > 0) this.#keys.set(key, groups);
    else this.#keys.delete(key);
    const [oldest] = this.#since.values();
    this.#parts.measures.waiting(this.#kind, this.#since.size, oldest);
  }
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);

const MANY = 16;

const crowdOf = (others: number): Crowd => (others === 0 ? "alone" : others < MANY ? "few" : "many");
