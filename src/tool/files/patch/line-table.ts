/** The lines of a text as numbers: equal lines, equal numbers. `form` says when two lines count as equal. */
export class LineTable {
  readonly ids: Int32Array;
  readonly #form: (line: string) => string;
  readonly #idOf = new Map<string, number>();
  readonly #counts: number[] = [];
  readonly #first: number[] = [];

  constructor(lines: readonly string[], form: (line: string) => string) {
    this.#form = form;
    this.ids = new Int32Array(lines.length);
    for (const [index, line] of lines.entries()) {
      const key = form(line);
      let id = this.#idOf.get(key);
      if (id === undefined) {
        id = this.#counts.push(0) - 1;
        this.#idOf.set(key, id);
        this.#first.push(index);
      }
      this.ids[index] = id;
      this.#counts[id] = (this.#counts[id] ?? 0) + 1;
    }
  }

  /** -1 for a line that the text does not have. */
  idsOf(lines: readonly string[]): Int32Array {
    return Int32Array.from(lines, (line) => this.#idOf.get(this.#form(line)) ?? -1);
  }

  /** Index of the first line with this number. */
  firstOf(id: number): number | undefined {
    return this.#first[id];
  }

  /** How often the text has the line with this number. */
  countOf(id: number): number {
    return this.#counts[id] ?? 0;
  }
}

export const asWritten = (line: string): string => line;

/** Spaces, tabs and carriage returns at the end do not matter. */
export function withoutTrailingSpace(line: string): string {
  let end = line.length;
  while (end > 0 && isSpace(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(0, end);
}

/** Nor does the indentation. */
export function trimmed(line: string): string {
  let start = 0;
  while (start < line.length && isSpace(line.charCodeAt(start))) start += 1;
  return withoutTrailingSpace(line.slice(start));
}

/** ASCII only: `String.trim` would take the byte 0xA0 of a UTF-8 character for a space. */
const isSpace = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x0d;
