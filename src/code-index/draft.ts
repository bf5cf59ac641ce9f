import { chunksOf, linesOf, type Chunk } from "./chunks.ts";
import type { Definition } from "./syntax.ts";
import { wordsOf } from "./words.ts";

/** Of all files together: what is beyond is left out, and the index says so. */
export interface DraftLimits {
  readonly chunks: number;
  readonly words: number;
  readonly postings: number;
}

const defaultLimits: DraftLimits = { chunks: 1_000_000, words: 4_000_000, postings: 60_000_000 };
const mostOfOneWord = 255;

/** An index that grows in memory, a file at a time. Postings are two typed arrays: 5 bytes for each word of each chunk. */
export class Draft {
  readonly paths: string[] = [];
  readonly chunks: (Chunk & { file: number; length: number })[] = [];
  readonly definitions: (Definition & { file: number })[] = [];
  readonly words = new Map<string, number>();
  isPartial = false;
  /** Of the posting n: its word. Those of a chunk follow each other. */
  postingWords = new Uint32Array(1 << 16);
  postingCounts = new Uint8Array(1 << 16);
  readonly chunkEnds: number[] = [];
  postings = 0;
  readonly #limits: DraftLimits;

  constructor(limits: Partial<DraftLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  add(path: string, text: string, definitions: readonly Definition[]): void {
    const file = this.paths.push(path) - 1;
    for (const definition of definitions) this.definitions.push({ ...definition, file });
    const lines = linesOf(text);
    for (const chunk of chunksOf(lines)) {
      if (this.chunks.length === this.#limits.chunks || this.postings >= this.#limits.postings) {
        this.isPartial = true;
        return;
      }
      this.#addChunk(file, chunk, `${path}\n${lines.slice(chunk.start - 1, chunk.end).join("\n")}`);
    }
  }

  #addChunk(file: number, chunk: Chunk, text: string): void {
    const counts = new Map<number, number>();
    let length = 0;
    for (const word of wordsOf(text)) {
      const id = this.#idOf(word);
      if (id === undefined) continue;
      counts.set(id, (counts.get(id) ?? 0) + 1);
      length += 1;
    }
    this.#reserve(counts.size);
    for (const [word, count] of counts) {
      this.postingWords[this.postings] = word;
      this.postingCounts[this.postings] = Math.min(count, mostOfOneWord);
      this.postings += 1;
    }
    this.chunks.push({ ...chunk, file, length });
    this.chunkEnds.push(this.postings);
  }

  #idOf(word: string): number | undefined {
    const known = this.words.get(word);
    if (known !== undefined) return known;
    if (this.words.size === this.#limits.words) {
      this.isPartial = true;
      return undefined;
    }
    // A slice would keep the whole text of its file in memory.
    this.words.set(Buffer.from(word).toString(), this.words.size);
    return this.words.size - 1;
  }

  #reserve(more: number): void {
    if (this.postings + more <= this.postingWords.length) return;
    const size = 2 * this.postingWords.length + more;
    const words = new Uint32Array(size);
    words.set(this.postingWords);
    const counts = new Uint8Array(size);
    counts.set(this.postingCounts);
    [this.postingWords, this.postingCounts] = [words, counts];
  }
}
