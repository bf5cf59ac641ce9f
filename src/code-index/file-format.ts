import { z } from "zod";

/** Changes whenever what is in the file, or how texts are cut and read, changes. */
export const formatVersion = 1;
export const magic = Buffer.from("BERTHIX1");

const section = z.tuple([z.number().int().min(0), z.number().int().min(0)]);

/** The head of an index file: magic, its length as u32, JSON; then the sections, each from a multiple of 8 on. Numbers are little-endian. */
export const indexHead = z.strictObject({
  version: z.literal(formatVersion),
  files: z.number().int().min(0),
  chunks: z.number().int().min(0),
  words: z.number().int().min(0),
  definitions: z.number().int().min(0),
  /** Words of a chunk, on the average. */
  average_length: z.number().min(0),
  /** Something was left out: too large, too long, too many. */
  partial: z.boolean(),
  /** Some files were not read by their grammar. */
  partial_definitions: z.boolean(),
  /** Offset, from the end of the head, and length in bytes. */
  sections: z.strictObject({
    /** JSON: an array of paths. */
    paths: section,
    /** u32 each: file, first line, last line, length in words. */
    chunks: section,
    /** The words in the order of their UTF-16 units, one after the other. */
    word_texts: section,
    /** u32 each, one more than words: where the word begins. */
    word_offsets: section,
    /** f64 each, one more than words: where its postings begin. */
    posting_offsets: section,
    /** u32 each: in how many chunks the word stands. */
    word_chunks: section,
    /** Of each word, in the order of chunks: how many chunks further on as a varint, how often as a byte. */
    postings: section,
    /** A line each, sorted: the name in lower case, the name, its kind, file, first and last line, with tabs between them. */
    definitions: section,
  }),
});
export type IndexHead = z.infer<typeof indexHead>;
export type SectionName = keyof IndexHead["sections"];

export const align = (bytes: number): number => Math.ceil(bytes / 8) * 8;
