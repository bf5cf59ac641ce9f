/** What stands for every name beyond the limit. */
export const OTHER = "other";

/**
 * Label values out of names that callers choose: the first `limit` names stay themselves for good, all later ones are `other`,
 * so that no caller can make more series than that.
 */
export class BoundedNames {
  readonly #limit: number;
  readonly #known = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  labelOf(name: string): string {
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#limit) return OTHER;
    this.#known.add(name);
    return name;
  }
}
