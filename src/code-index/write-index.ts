import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import type { Draft } from "./draft.ts";
import { align, formatVersion, magic, type IndexHead, type SectionName } from "./file-format.ts";

/** Writes a draft to a file that appears whole or not at all. */
export function writeIndex(path: string, draft: Draft, { partialDefinitions }: { partialDefinitions: boolean }): void {
  const sections = sectionsOf(draft);
  const places = {} as Record<SectionName, [number, number]>;
  let offset = 0;
  for (const [name, bytes] of sections) {
    places[name] = [offset, bytes.length];
    offset += align(bytes.length);
  }
  const words = draft.chunks.reduce((sum, { length }) => sum + length, 0);
  const head: IndexHead = {
    version: formatVersion,
    files: draft.paths.length,
    chunks: draft.chunks.length,
    words: draft.words.size,
    definitions: draft.definitions.length,
    average_length: draft.chunks.length === 0 ? 0 : words / draft.chunks.length,
    partial: draft.isPartial,
    partial_definitions: partialDefinitions,
    sections: places,
  };
  const json = Buffer.from(JSON.stringify(head));
  const start = Buffer.alloc(align(magic.length + 4 + json.length), " ");
  magic.copy(start);
  start.writeUInt32LE(start.length - magic.length - 4, magic.length);
  json.copy(start, magic.length + 4);
  const temporary = `${path}.${process.pid}.tmp`;
  const fd = openSync(temporary, "w", 0o600);
  try {
    write(fd, start);
    for (const [, bytes] of sections) {
      write(fd, bytes);
      write(fd, Buffer.alloc(align(bytes.length) - bytes.length));
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
}

function write(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, Math.min(bytes.length - at, 1 << 26));
}

function sectionsOf(draft: Draft): [SectionName, Buffer][] {
  const sorted = [...draft.words.keys()].toSorted(byUnits);
  const { texts, offsets } = textsOf(sorted);
  const { bytes, starts, chunkCounts } = postingsOf(draft, sorted);
  const chunks = new Uint32Array(draft.chunks.length * 4);
  for (const [at, { file, start, end, length }] of draft.chunks.entries())
    chunks.set([file, start, end, length], at * 4);
  const definitions = draft.definitions
    .filter(({ name }) => !/\s/.test(name))
    .map(({ name, kind, file, start, end }) => `${name.toLowerCase()}\t${name}\t${kind}\t${file}\t${start}\t${end}\n`)
    .toSorted(byUnits);
  return [
    ["paths", Buffer.from(JSON.stringify(draft.paths))],
    ["chunks", bytesOf(chunks)],
    ["word_texts", texts],
    ["word_offsets", bytesOf(offsets)],
    ["posting_offsets", bytesOf(starts)],
    ["word_chunks", bytesOf(chunkCounts)],
    ["postings", bytes],
    ["definitions", Buffer.from(definitions.join(""))],
  ];
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function textsOf(words: readonly string[]): { texts: Buffer; offsets: Uint32Array } {
  const offsets = new Uint32Array(words.length + 1);
  let bytes = 0;
  for (const [at, word] of words.entries()) {
    bytes += Buffer.byteLength(word);
    offsets[at + 1] = bytes;
  }
  const texts = Buffer.alloc(bytes);
  for (const [at, word] of words.entries()) texts.write(word, offsets[at] ?? 0);
  return { texts, offsets };
}

/** Turns what stands in each chunk around into where each word stands. */
function postingsOf(
  draft: Draft,
  sorted: readonly string[],
): { bytes: Buffer; starts: Float64Array; chunkCounts: Uint32Array } {
  const { postingWords, postingCounts, postings, chunkEnds } = draft;
  const perWord = new Uint32Array(sorted.length + 1);
  for (let at = 0; at < postings; at += 1) {
    const after = (postingWords[at] ?? 0) + 1;
    perWord[after] = (perWord[after] ?? 0) + 1;
  }
  const chunkCounts = new Uint32Array(sorted.length);
  const next = new Uint32Array(sorted.length + 1);
  for (let id = 0; id < sorted.length; id += 1) next[id + 1] = (next[id] ?? 0) + (perWord[id + 1] ?? 0);
  const begins = next.slice();
  const inChunk = new Uint32Array(postings);
  const counts = new Uint8Array(postings);
  let posting = 0;
  for (const [chunk, end] of chunkEnds.entries()) {
    for (; posting < end; posting += 1) {
      const word = postingWords[posting] ?? 0;
      const to = next[word] ?? 0;
      next[word] = to + 1;
      inChunk[to] = chunk;
      counts[to] = postingCounts[posting] ?? 0;
    }
  }
  const bytes = Buffer.allocUnsafe(postings * 6);
  const starts = new Float64Array(sorted.length + 1);
  let at = 0;
  for (const [index, word] of sorted.entries()) {
    const id = draft.words.get(word) ?? 0;
    const [from, to] = [begins[id] ?? 0, begins[id + 1] ?? 0];
    chunkCounts[index] = to - from;
    let previous = 0;
    for (let entry = from; entry < to; entry += 1) {
      const chunk = inChunk[entry] ?? 0;
      let further = chunk - previous;
      previous = chunk;
      for (; further >= 0x80; further >>>= 7) bytes[at++] = (further & 0x7f) | 0x80;
      bytes[at++] = further;
      bytes[at++] = counts[entry] ?? 0;
    }
    starts[index + 1] = at;
  }
  return { bytes: bytes.subarray(0, at), starts, chunkCounts };
}

const bytesOf = (numbers: Uint32Array | Float64Array): Buffer =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
