/** Numbers of unit length that lie near each other where texts mean alike. */
export type Vector = Float32Array;

/** What makes vectors of texts. */
export interface Embedder {
  /** Vectors of different models have nothing to do with each other. */
  readonly model: string;
  /** One vector for each text, all of one length. @throws BerthError `embeddings_failed` */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Vector[]>;
}

/** Of one text that is embedded, in UTF-16 units; models take a few thousand tokens. */
const mostCharacters = 6_000;

/** A chunk as it is embedded: its path says something too. */
export const textOfChunk = (path: string, lines: readonly string[]): string =>
  `${path}\n${lines.join("\n")}`.slice(0, mostCharacters).toWellFormed();
