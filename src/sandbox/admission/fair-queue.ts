import type { Queue } from "p-queue";
import type { Place } from "./place.ts";
import { Turns } from "./turns.ts";

export type Run = () => Promise<unknown>;

export interface QueuePlace extends Place {
  /** Comes when nobody else waits. */
  readonly background: boolean;
}

const placeOf = ({ key = "", group = "", background = false }: Partial<QueuePlace>): QueuePlace => ({
  key,
  group,
  background,
});

/** The order of a `PQueue`: one of each key in turn, of each group in turn of the key, and in each group first come, first served. */
export class FairQueue implements Queue<Run, QueuePlace> {
  readonly #foreground = new Turns<Run>();
  readonly #background: Run[] = [];

  get size(): number {
    return this.#foreground.size + this.#background.length;
  }

  enqueue(run: Run, options: Partial<QueuePlace> = {}): void {
    const { key, group, background } = placeOf(options);
    if (background) this.#background.push(run);
    else this.#foreground.add([key, group], run);
  }

  dequeue(): Run | undefined {
    return this.#foreground.take() ?? this.#background.shift();
  }

  filter(options: Readonly<Partial<QueuePlace>>): Run[] {
    const { key, group, background } = placeOf(options);
    return background ? [...this.#background] : this.#foreground.of([key, group]);
  }

  remove(run: string | Run): void {
    if (typeof run === "string" || this.#foreground.remove(run)) return;
    const at = this.#background.indexOf(run);
    if (at >= 0) this.#background.splice(at, 1);
  }

  /** Turns are by key and group alone. */
  setPriority(): void {
    throw new Error("A place in this queue has no priority.");
  }
}
