import type { Queue } from "p-queue";

export type Run = () => Promise<unknown>;

export interface Place {
  /** Whose turn it is: groups take turns, however many each has waiting. */
  readonly group: string;
  /** Comes when nobody else waits. */
  readonly background: boolean;
}

/** The order of a `PQueue`: one of each group in turn, and in each group first come, first served. */
export class FairQueue implements Queue<Run, Place> {
  /** In the order of their turns. */
  readonly #groups = new Map<string, Run[]>();
  readonly #background: Run[] = [];
  #foreground = 0;

  get size(): number {
    return this.#foreground + this.#background.length;
  }

  enqueue(run: Run, { group = "", background = false }: Partial<Place> = {}): void {
    if (background) return void this.#background.push(run);
    const waiting = this.#groups.get(group);
    if (waiting) waiting.push(run);
    else this.#groups.set(group, [run]);
    this.#foreground++;
  }

  dequeue(): Run | undefined {
    const [next] = this.#groups;
    if (!next) return this.#background.shift();
    const [group, waiting] = next;
    const run = waiting.shift();
    this.#groups.delete(group);
    if (waiting.length > 0) this.#groups.set(group, waiting);
    this.#foreground--;
    return run;
  }

  filter({ group, background = false }: Readonly<Partial<Place>>): Run[] {
    if (background) return [...this.#background];
    return group === undefined ? [...this.#groups.values()].flat() : [...(this.#groups.get(group) ?? [])];
  }

  remove(run: string | Run): void {
    for (const [group, waiting] of this.#groups) {
      const at = waiting.findIndex((candidate) => candidate === run);
      if (at < 0) continue;
      waiting.splice(at, 1);
      if (waiting.length === 0) this.#groups.delete(group);
      this.#foreground--;
      return;
    }
    const at = this.#background.findIndex((candidate) => candidate === run);
    if (at >= 0) this.#background.splice(at, 1);
  }

  /** Turns are by group alone. */
  setPriority(): void {
    throw new Error("A place in this queue has no priority.");
  }
}
