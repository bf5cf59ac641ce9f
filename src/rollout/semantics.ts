import type { Meaning } from "../code-index/meaning/embeddings.ts";
import type { Environment } from "../model/environment.ts";
import type { Semantics } from "../tool/tool.ts";

/** Search by meaning over an environment's repository. */
export const semanticsOf = (meaning: Meaning, { repo }: Pick<Environment, "repo">): Semantics => ({
  model: meaning.model,
  embed: (texts, signal) => meaning.embed(texts, signal),
  nearest: async (query, limit, signal) =>
    repo === undefined ? { hits: [], isPartial: false } : await meaning.nearest(repo, query, limit, signal),
});
