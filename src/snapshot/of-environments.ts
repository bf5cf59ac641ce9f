import type { Environment } from "../model/environment.ts";
import type { KeptSnapshot } from "./builder.ts";
import { recipeOf } from "./content-key.ts";

/** For each environment's name the snapshot that was built last from it, where there is one. */
export function snapshotsOf(
  environments: readonly Environment[],
  kept: readonly KeptSnapshot[],
): ReadonlyMap<string, KeptSnapshot> {
  const oldestFirst = kept.toSorted((a, b) => a.builtAtMs - b.builtAtMs);
  const byRecipe = new Map(oldestFirst.map((snapshot) => [snapshot.recipe, snapshot]));
  return new Map(
    environments.flatMap((environment) => {
      const snapshot = byRecipe.get(recipeOf(environment));
      return snapshot ? [[environment.name, snapshot] as const] : [];
    }),
  );
}
