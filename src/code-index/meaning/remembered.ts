import { createHash } from "node:crypto";
import type { Embedder, Vector } from "./embedder.ts";

/** The vectors of the texts that were asked for last: rollouts of one group ask alike, and one asks again of what it changed. */
const mostRemembered = 4_096;

/** The same embedder, which is not asked again for a text that it embedded lately. */
export function remembering(embedder: Embedder): Embedder {
  const known = new Map<string, Vector>();
  return {
    model: embedder.model,
    async embed(texts, signal) {
      const keys = texts.map((text) => createHash("sha256").update(text).digest("base64"));
      const vectors = new Map(keys.map((key) => [key, known.get(key)]));
      const missing = new Map(texts.map((text, at): [string, string] => [keys[at] ?? "", text]));
      for (const [key, vector] of vectors) if (vector !== undefined) missing.delete(key);
      if (missing.size > 0) {
        const made = await embedder.embed([...missing.values()], signal);
        for (const [at, key] of [...missing.keys()].entries()) vectors.set(key, made[at]);
      }
      return keys.map((key) => {
        const vector = vectors.get(key) ?? new Float32Array();
        known.delete(key);
        known.set(key, vector);
        for (const oldest of known.keys()) {
          if (known.size <= mostRemembered) break;
          known.delete(oldest);
        }
        return vector;
      });
    },
  };
}
