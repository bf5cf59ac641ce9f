import { open, type FileHandle } from "node:fs/promises";
import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import { indexHead, magic, type IndexHead, type SectionName } from "./file-format.ts";
import { linesBeginning, linesHolding } from "./sorted-lines.ts";
import type { Definition } from "./syntax.ts";

const maxHeadBytes = 65_536;

export interface IndexedChunk {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** In words. */
  readonly length: number;
}

export interface IndexedDefinition extends Definition {
  readonly path: string;
}

/** In how many chunks a word stands, and in which how often. */
export interface Postings {
  readonly chunks: Uint32Array;
  readonly counts: Uint8Array;
}

/** The words and definitions of one commit's files, in a file of which only what a query needs is read. */
export class CodeIndex implements AsyncDisposable {
  readonly head: IndexHead;
  readonly #file: FileHandle;
  readonly #base: number;
  readonly #paths: readonly string[];
  readonly #chunks: Uint32Array;
  readonly #texts: Buffer;
  readonly #offsets: Uint32Array;
  readonly #starts: Float64Array;
  readonly #counts: Uint32Array;
  #definitions: Buffer | undefined;

  private constructor(
    file: FileHandle,
    base: number,
    head: IndexHead,
    read: { paths: Buffer; chunks: Buffer; texts: Buffer; offsets: Buffer; starts: Buffer; counts: Buffer },
  ) {
    this.#file = file;
    this.#base = base;
    this.head = head;
    this.#paths = z.array(z.string()).parse(JSON.parse(read.paths.toString("utf8")));
    this.#chunks = words32(read.chunks);
    this.#texts = read.texts;
    this.#offsets = words32(read.offsets);
    this.#starts = new Float64Array(read.starts.buffer, read.starts.byteOffset, read.starts.length / 8);
    this.#counts = words32(read.counts);
  }

  /** @throws BerthError `storage_failed` when it is no index of this version */
  static async open(path: string): Promise<CodeIndex> {
    const file = await open(path, "r");
    try {
      const start = Buffer.alloc(magic.length + 4);
      await file.read(start, 0, start.length, 0);
      const length = start.readUInt32LE(magic.length);
      if (!start.subarray(0, magic.length).equals(magic) || length > maxHeadBytes)
        throw new Error("its beginning is another");
      const json = Buffer.alloc(length);
      await file.read(json, 0, length, start.length);
      const head = indexHead.parse(JSON.parse(json.toString("utf8")));
      const base = start.length + length;
      const take = (name: SectionName) => readSection(file, base, head.sections[name]);
      return new CodeIndex(file, base, head, {
        paths: await take("paths"),
        chunks: await take("chunks"),
        texts: await take("word_texts"),
        offsets: await take("word_offsets"),
        starts: await take("posting_offsets"),
        counts: await take("word_chunks"),
      });
    } catch (cause) {
      await file.close();
      throw new BerthError("storage_failed", `The index ${path} cannot be read.`, { cause });
    }
  }

  chunk(at: number): IndexedChunk {
    const [file = 0, start = 0, end = 0, length = 0] = this.#chunks.subarray(4 * at, 4 * at + 4);
    return { path: this.#paths[file] ?? "", start, end, length };
  }

  lengthOf(at: number): number {
    return this.#chunks[4 * at + 3] ?? 0;
  }

  /** In how many chunks a word stands. */
  chunksWith(word: string): number {
    const at = this.#find(word);
    return at === undefined ? 0 : (this.#counts[at] ?? 0);
  }

  async postings(word: string): Promise<Postings | undefined> {
    const at = this.#find(word);
    if (at === undefined) return undefined;
    const [from = 0, to = 0] = [this.#starts[at], this.#starts[at + 1]];
    const [offset] = this.head.sections.postings;
    const bytes = await readSection(this.#file, this.#base, [offset + from, to - from]);
    return decode(bytes, this.#counts[at] ?? 0);
  }

  /** Definitions whose name is, or with `part` holds, the text, whatever its case; at most `limit`. */
  async definitions(name: string, how: { part: boolean; limit: number }): Promise<IndexedDefinition[]> {
    this.#definitions ??= await readSection(this.#file, this.#base, this.head.sections.definitions);
    const lines = how.part
      ? linesHolding(this.#definitions, name.toLowerCase())
      : linesBeginning(this.#definitions, `${name.toLowerCase()}\t`);
    const found: IndexedDefinition[] = [];
    for (const line of lines) {
      const [, text = "", kind = "", file, start, end] = line.split("\t");
      found.push({ name: text, kind, path: this.#paths[Number(file)] ?? "", start: Number(start), end: Number(end) });
      if (found.length === how.limit) break;
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  #find(word: string): number | undefined {
    let [low, high] = [0, this.head.words - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const text = this.#texts.toString("utf8", this.#offsets[middle], this.#offsets[middle + 1]);
      if (text === word) return middle;
      if (text < word) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

function decode(bytes: Buffer, count: number): Postings {
  const chunks = new Uint32Array(count);
  const counts = new Uint8Array(count);
  let chunk = 0;
  let at = 0;
  for (let entry = 0; entry < count; entry += 1) {
    let further = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      further |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    chunk += further;
    chunks[entry] = chunk;
    counts[entry] = bytes[at++] ?? 0;
  }
  return { chunks, counts };
}

async function readSection(
  file: FileHandle,
  base: number,
  [offset, length]: readonly [number, number],
): Promise<Buffer> {
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, Math.min(length - at, 1 << 26), base + offset + at);
    if (bytesRead === 0) throw new Error("it ends too early");
    at += bytesRead;
  }
  return bytes;
}

const words32 = (bytes: Buffer): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
