/** Where something waits: one name for each level, as many names for everything in one `Turns`. */
type Path = readonly string[];

/** Things that are taken one of each name in turn, at each level of names, and under one path in the order in which they came. */
export class Turns<T> {
  /** In the order of their turns; none is empty. */
  readonly #below = new Map<string, Turns<T>>();
  readonly #here: T[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(path: Path, item: T): void {
    this.#size++;
    const [name, ...rest] = path;
    if (name === undefined) return void this.#here.push(item);
    const below = this.#below.get(name) ?? new Turns<T>();
    this.#below.set(name, below);
    below.add(rest, item);
  }

  take(): T | undefined {
    const [next] = this.#below;
    const item = next ? next[1].take() : this.#here.shift();
    if (item === undefined) return undefined;
    this.#size--;
    if (next) {
      const [name, below] = next;
      this.#below.delete(name);
      if (below.size > 0) this.#below.set(name, below);
    }
    return item;
  }

  /** Whether it was there. */
  remove(item: T): boolean {
    const at = this.#here.indexOf(item);
    if (at >= 0) this.#here.splice(at, 1);
    else {
      const holder = [...this.#below].find(([, below]) => below.remove(item));
      if (!holder) return false;
      if (holder[1].size === 0) this.#below.delete(holder[0]);
    }
    this.#size--;
    return true;
  }

  of([name, ...rest]: Path): T[] {
    return name === undefined ? [...this.#here] : (this.#below.get(name)?.of(rest) ?? []);
  }
}
