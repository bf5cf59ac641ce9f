import { findOccurrences, type PartialMatch } from "../occurrences.ts";
import { asWritten, LineTable, trimmed, withoutTrailingSpace } from "./line-table.ts";

/** What to look for. All indexes count lines from 0. */
export interface Sought {
  readonly oldLines: readonly string[];
  readonly from: number;
  readonly expectedIndex: number | undefined;
  readonly atEnd: boolean;
}

export interface Found {
  readonly at: number;
  /** Differs from `oldLines.length` when a blank last line stood for the end of the file. */
  readonly length: number;
}

/** Why something was not found. */
export interface Miss {
  readonly partial: PartialMatch;
  /** Where it would be if indentation did not matter. */
  readonly indentedOtherwiseAt: number | undefined;
  /** Where it is, but before `from`. */
  readonly earlierAt: number | undefined;
}

/** The steps that searches in one file may take beyond one pass over file and patch; keeps hostile patches linear. */
const stepsPerLine = 64;
const leastSteps = 1_000_000;

/** Looks up hunks in one file: exactly first, then without regard to trailing white space. */
export class HunkFinder {
  readonly #lines: readonly string[];
  readonly #exact: LineTable;
  #loose: LineTable | undefined;
  #trimmed: LineTable | undefined;
  #stepsLeft: number;

  constructor(lines: readonly string[], patchLines: number) {
    this.#lines = lines;
    this.#exact = new LineTable(lines, asWritten);
    this.#stepsLeft = Math.max(leastSteps, stepsPerLine * (lines.length + patchLines));
  }

  /** True when the searches have used up their steps: the answer to the last one may be wrong. */
  get exhausted(): boolean {
    return this.#stepsLeft < 0;
  }

  find(sought: Sought): Found | undefined {
    const { oldLines } = sought;
    for (const table of this.#tables()) {
      const at = this.#search(table, sought);
      if (at !== undefined) return { at, length: oldLines.length };
    }
    if (oldLines.length < 2 || trimmed(oldLines.at(-1) ?? "") !== "") return undefined;
    // A blank line that stands for the end of the file, as in texts split at line ends.
    const shorter = { ...sought, oldLines: oldLines.slice(0, -1), atEnd: true };
    for (const table of this.#tables()) {
      const at = this.#search(table, shorter);
      if (at !== undefined) return { at, length: shorter.oldLines.length };
    }
    return undefined;
  }

  /** Index of the first line from `from` on that is `anchor`, at least without regard to white space around it. */
  findAnchor(anchor: string, from: number): number | undefined {
    for (const { table, id } of this.#anchorIds(anchor)) {
      const at = table.ids.indexOf(id, from);
      this.#stepsLeft -= (at < 0 ? table.ids.length : at) - from;
      if (at >= 0) return at;
    }
    return undefined;
  }

  /** Whether such a line stands before `to`. */
  hasAnchorBefore(anchor: string, to: number): boolean {
    return this.#anchorIds(anchor).some(({ table, id }) => (table.firstOf(id) ?? to) < to);
  }

  /** Other places where the same lines stand, from `from` on; at most `most`. Empty when there is no budget to look. */
  others(oldLines: readonly string[], from: number, not: number, most: number): number[] {
    const needle = this.#exact.idsOf(oldLines);
    const places: number[] = [];
    if (needle.some((id) => this.#exact.countOf(id) < 2) || this.#stepsLeft < 4 * this.#exact.ids.length) return places;
    this.#stepsLeft -= this.#exact.ids.length;
    findOccurrences(this.#exact.ids, needle, from, (at) => {
      if (at !== not) places.push(at);
      return places.length < most;
    });
    return places;
  }

  /** What can be said about a hunk that `find` did not find. */
  explain({ oldLines, from }: Sought): Miss {
    const first = (table: LineTable, start: number): { at: number | undefined; partial: PartialMatch } => {
      let at: number | undefined;
      const partial = findOccurrences(table.ids, table.idsOf(oldLines), start, (place) => {
        at = place;
        return false;
      });
      return { at, partial };
    };
    const loose = this.#looseTable();
    return {
      partial: first(loose, from).partial,
      indentedOtherwiseAt: first(this.#trimmedTable(), from).at,
      earlierAt: first(loose, 0).at,
    };
  }

  #anchorIds(anchor: string): { table: LineTable; id: number }[] {
    return [this.#exact, this.#trimmedTable()]
      .map((table) => ({ table, id: table.idsOf([anchor])[0] ?? -1 }))
      .filter(({ id }) => id >= 0);
  }

  #search(table: LineTable, { oldLines, from, expectedIndex, atEnd }: Sought): number | undefined {
    const needle = table.idsOf(oldLines);
    this.#stepsLeft -= needle.length;
    if (needle.includes(-1) || this.#stepsLeft < 0) return undefined;
    const last = table.ids.length - needle.length;
    if (atEnd) return last >= from && isAt(table.ids, needle, last) ? last : undefined;
    if (expectedIndex !== undefined && expectedIndex >= from && isAt(table.ids, needle, expectedIndex))
      return expectedIndex;
    let best: number | undefined;
    let reached = table.ids.length;
    findOccurrences(table.ids, needle, from, (at) => {
      const closer =
        best === undefined ||
        (expectedIndex !== undefined && Math.abs(at - expectedIndex) < Math.abs(best - expectedIndex));
      if (closer) best = at;
      // Behind the expected place they only get further away.
      const goOn = expectedIndex !== undefined && closer && at < expectedIndex;
      if (!goOn) reached = at + needle.length;
      return goOn;
    });
    this.#stepsLeft -= Math.max(0, reached - from);
    return best;
  }

  *#tables(): Generator<LineTable> {
    yield this.#exact;
    yield this.#looseTable();
  }

  #looseTable(): LineTable {
    return (this.#loose ??= new LineTable(this.#lines, withoutTrailingSpace));
  }

  #trimmedTable(): LineTable {
    return (this.#trimmed ??= new LineTable(this.#lines, trimmed));
  }
}

function isAt(haystack: Int32Array, needle: Int32Array, at: number): boolean {
  if (at < 0 || at + needle.length > haystack.length) return false;
  for (let index = 0; index < needle.length; index += 1) {
    if (haystack[at + index] !== needle[index]) return false;
  }
  return true;
}
