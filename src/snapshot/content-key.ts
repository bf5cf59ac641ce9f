import { createHash } from "node:crypto";
import type { Environment } from "../model/environment.ts";
import type { ResolvedImage } from "../provider/provider.ts";

/** Raised when the way a snapshot is made changes, so that older ones are not used. */
const RECIPE = 1;

/** What a snapshot is built from, as far as an environment alone says it: two images of one name have one recipe. */
export const recipeOf = (environment: Environment): string =>
  contentKey(environment, { digest: `named ${environment.image}` });

/** 64 hex digits that name all that a snapshot's content depends on; the repository's URL is not part of it. */
export function contentKey(environment: Environment, image: Pick<ResolvedImage, "digest">): string {
  const { repo, workdir, setup, setup_network, env } = environment;
  const parts = {
    recipe: RECIPE,
    image: image.digest,
    repo: repo ? { commit: repo.commit, history: repo.history } : null,
    workdir,
    setup,
    setup_network,
    env: Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  };
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
