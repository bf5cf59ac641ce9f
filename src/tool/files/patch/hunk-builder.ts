import type { Hunk, HunkLine } from "./patch.ts";

const numberedHeader = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@/;

export interface HunkHeader {
  readonly anchor?: string;
  readonly expectedIndex?: number;
  readonly counts?: { readonly old: number; readonly new: number };
}

/** Reads a line that starts with `@@`: an anchor, or the numbers of a unified diff. */
export function parseHunkHeader(line: string): HunkHeader {
  const numbers = numberedHeader.exec(line);
  if (numbers) {
    const start = Number(numbers[1]);
    const old = numbers[2] === undefined ? 1 : Number(numbers[2]);
    // A hunk without old lines is named by the line that it follows.
    const expectedIndex = Math.max(0, old === 0 ? start : start - 1);
    return { expectedIndex, counts: { old, new: numbers[4] === undefined ? 1 : Number(numbers[4]) } };
  }
  const text = line.startsWith("@@ ") ? line.slice(3) : line.slice(2);
  const anchor = text.trimEnd().endsWith(" @@") ? text.trimEnd().slice(0, -3) : text;
  const saysNothing = anchor.trim() === "" || anchor.trim() === "..." || /^-\S* \+\S*$/.test(anchor);
  return saysNothing ? {} : { anchor };
}

const lineTypes: Readonly<Record<string, HunkLine["type"]>> = { " ": "context", "-": "removed", "+": "added" };

/** Collects one hunk line by line. */
export class HunkBuilder {
  /** Line of the patch, from 1. */
  readonly patchLine: number;
  readonly #anchors: string[] = [];
  readonly #lines: HunkLine[] = [];
  readonly #noNewline = { old: false, new: false };
  #expectedIndex: number | undefined;
  #bareBlanks = 0;
  #atEnd = false;

  constructor(patchLine: number) {
    this.patchLine = patchLine;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  header(header: HunkHeader): void {
    if (header.anchor !== undefined) this.#anchors.push(header.anchor);
    if (header.expectedIndex !== undefined) this.#expectedIndex = header.expectedIndex;
  }

  /** False when the line cannot be part of a hunk. */
  line(line: string): boolean {
    if (line === "" || line === "\r") {
      // Editors and models drop the space of a blank context line.
      this.#lines.push({ type: "context", text: line });
      this.#bareBlanks += 1;
      return true;
    }
    if (line.startsWith("\\")) {
      const last = this.#lines.at(-1)?.type;
      if (last !== "added") this.#noNewline.old = true;
      if (last !== "removed") this.#noNewline.new = true;
      return true;
    }
    const type = lineTypes[line.charAt(0)];
    if (type === undefined) return false;
    this.#lines.push({ type, text: line.slice(1) });
    this.#bareBlanks = 0;
    return true;
  }

  endOfFile(): void {
    this.#atEnd = true;
  }

  /** `exact`: the counts of the header vouch for blank lines at the end; else they are taken for spacing of the patch. */
  build(exact: boolean): Hunk {
    const spacing = exact || this.#atEnd ? 0 : this.#bareBlanks;
    return {
      anchors: this.#anchors,
      ...(this.#expectedIndex === undefined ? {} : { expectedIndex: this.#expectedIndex }),
      lines: this.#lines.slice(0, this.#lines.length - spacing),
      atEnd: this.#atEnd,
      noNewline: this.#noNewline,
      patchLine: this.patchLine,
    };
  }
}
