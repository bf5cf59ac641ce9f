import type { CodeIndex } from "./code-index.ts";
import { wordsOf } from "./words.ts";

/** Beyond these a query is read no further: a page of text is no query. */
const mostQueryWords = 32;

const saturation = 1.2;
const lengthWeight = 0.75;

/** A query against an index: its words with what each is worth. */
export interface Query {
  readonly weights: ReadonlyMap<string, number>;
  readonly averageLength: number;
}

export interface Hit {
  /** The number of a chunk. */
  readonly chunk: number;
  readonly score: number;
}

/** A word that stands in few chunks is worth more (BM25's inverse document frequency). */
export function queryOf(text: string, index: CodeIndex | undefined): Query {
  const words = [...new Set(wordsOf(text))].slice(0, mostQueryWords);
  const chunks = index?.head.chunks ?? 0;
  const weights = words.map((word): [string, number] => {
    const having = index?.chunksWith(word) ?? 0;
    return [word, Math.log(1 + (Math.max(1, chunks) - having + 0.5) / (having + 0.5))];
  });
  return { weights: new Map(weights), averageLength: Math.max(1, index?.head.average_length ?? 1) };
}

/** What a word adds to the score of a chunk. */
function gain(weight: number, count: number, length: number, averageLength: number): number {
  const norm = saturation * (1 - lengthWeight + (lengthWeight * length) / averageLength);
  return (weight * count * (saturation + 1)) / (count + norm);
}

/** The best chunks of an index, best first. */
export async function bestChunks(index: CodeIndex, query: Query, limit: number): Promise<Hit[]> {
  const scores = new Float32Array(index.head.chunks);
  for (const [word, weight] of query.weights) {
    const postings = await index.postings(word);
    if (postings === undefined) continue;
    const { chunks, counts } = postings;
    for (let at = 0; at < chunks.length; at += 1) {
      const chunk = chunks[at] ?? 0;
      const more = gain(weight, counts[at] ?? 0, index.lengthOf(chunk), query.averageLength);
      scores[chunk] = (scores[chunk] ?? 0) + more;
    }
  }
  return best(scores, limit);
}

/** How well a text fits that is in no index. */
export function scoreOf(text: string, query: Query): number {
  const counts = new Map<string, number>();
  let length = 0;
  for (const word of wordsOf(text)) {
    length += 1;
    if (query.weights.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  let score = 0;
  for (const [word, count] of counts) score += gain(query.weights.get(word) ?? 0, count, length, query.averageLength);
  return score;
}

function best(scores: Float32Array, limit: number): Hit[] {
  const hits: Hit[] = [];
  let least = 0;
  for (let chunk = 0; chunk < scores.length; chunk += 1) {
    const score = scores[chunk] ?? 0;
    if (score <= least) continue;
    hits.push({ chunk, score });
    if (hits.length < 4 * limit) continue;
    hits.sort(byScore);
    hits.length = limit;
    least = hits.at(-1)?.score ?? 0;
  }
  return hits.toSorted(byScore).slice(0, limit);
}

const byScore = (a: Hit, b: Hit): number => b.score - a.score || a.chunk - b.chunk;
