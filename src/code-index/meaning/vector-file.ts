import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import type { Hit } from "../ranking.ts";
import type { Vector } from "./embedder.ts";

/** Changes whenever what is in the file, or what is embedded of a chunk, changes. */
export const vectorFormat = 1;
const magic = Buffer.from("BERTHVE1");
const maxHeadBytes = 4_096;
/** What is compared before others get their turn. */
const pieceBytes = 2 * 1024 * 1024;

/** The head of a file of vectors: magic, its length as u32, JSON; then a f32 for each vector, by which its numbers are multiplied, and those numbers, an i8 each. */
const vectorHead = z.strictObject({
  version: z.literal(vectorFormat),
  model: z.string(),
  dimensions: z.number().int().min(0).max(16_384),
  /** The first so many chunks of the index have a vector. */
  vectors: z.number().int().min(0),
  /** Of the index, all together: it is another index if it has another number. */
  chunks: z.number().int().min(0),
});
export type VectorHead = z.infer<typeof vectorHead>;

/** The vectors of the chunks of one commit, in a file; in memory is a number for each. */
export class VectorFile implements AsyncDisposable {
  readonly head: VectorHead;
  readonly #file: FileHandle;
  readonly #scales: Float32Array;
  readonly #base: number;

  private constructor(file: FileHandle, head: VectorHead, scales: Float32Array, base: number) {
    this.#file = file;
    this.head = head;
    this.#scales = scales;
    this.#base = base;
  }

  /** @throws BerthError `storage_failed` when it is no such file */
  static async open(path: string): Promise<VectorFile> {
    const file = await open(path, "r");
    try {
      const start = await bytesAt(file, 0, magic.length + 4);
      const length = start.readUInt32LE(magic.length);
      if (!start.subarray(0, magic.length).equals(magic) || length > maxHeadBytes)
        throw new Error("it begins otherwise");
      const head = vectorHead.parse(JSON.parse((await bytesAt(file, start.length, length)).toString("utf8")));
      const scales = await bytesAt(file, start.length + length, 4 * head.vectors);
      const floats = new Float32Array(scales.buffer, scales.byteOffset, head.vectors);
      return new VectorFile(file, head, floats, start.length + length + scales.length);
    } catch (cause) {
      await file.close();
      throw new BerthError("storage_failed", `The embeddings ${path} cannot be read.`, { cause });
    }
  }

  /** The chunks that lie nearest, best first; scores are cosines. */
  async nearest(query: Vector, limit: number): Promise<Hit[]> {
    const { dimensions, vectors } = this.head;
    if (query.length !== dimensions) return [];
    const step = Math.max(1, Math.floor(pieceBytes / dimensions));
    const hits: Hit[] = [];
    for (let from = 0; from < vectors; from += step) {
      const count = Math.min(step, vectors - from);
      const bytes = await bytesAt(this.#file, this.#base + from * dimensions, count * dimensions);
      const numbers = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let at = 0; at < count; at += 1)
        hits.push({ chunk: from + at, score: dot(numbers, at * dimensions, query) * (this.#scales[from + at] ?? 0) });
      hits.sort(byScore);
      hits.splice(limit);
    }
    return hits;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** Writes vectors to a file that appears whole or not at all. */
export async function writeVectors(
  path: string,
  vectors: readonly Vector[],
  about: Pick<VectorHead, "model" | "chunks">,
): Promise<void> {
  const dimensions = vectors[0]?.length ?? 0;
  const head: VectorHead = { version: vectorFormat, ...about, dimensions, vectors: vectors.length };
  const json = Buffer.from(JSON.stringify(head));
  const start = Buffer.alloc(magic.length + 4);
  magic.copy(start);
  start.writeUInt32LE(json.length, magic.length);
  const scales = new Float32Array(vectors.length);
  const numbers = new Int8Array(vectors.length * dimensions);
  for (const [at, vector] of vectors.entries()) {
    const largest = vector.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    scales[at] = largest / 127;
    if (largest > 0)
      for (const [of, one] of vector.entries()) numbers[at * dimensions + of] = Math.round((one / largest) * 127);
  }
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(Buffer.concat([start, json, Buffer.from(scales.buffer), Buffer.from(numbers.buffer)]));
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
}

function dot(numbers: Int8Array, from: number, query: Vector): number {
  let sum = 0;
  for (let at = 0; at < query.length; at += 1) sum += (numbers[from + at] ?? 0) * (query[at] ?? 0);
  return sum;
}

async function bytesAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) throw new Error("it ends too early");
    at += bytesRead;
  }
  return bytes;
}

const byScore = (a: Hit, b: Hit): number => b.score - a.score || a.chunk - b.chunk;
